package dev.inkstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.inkstream.v1.GetServerInfoRequest;
import dev.inkstream.v1.GetServerInfoResponse;
import dev.inkstream.v1.ModelServiceGrpc;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.TlsServerCredentials;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a client shows itself, seen by a server of gRPC's own that asks for a certificate. */
class ConnectionTest {

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final List<String> seenTokens = new CopyOnWriteArrayList<>();
    private static final List<String> seenNames = new CopyOnWriteArrayList<>();

    @TempDir static Path folder;

    private static Certificate ofServer;
    private static Certificate ofClient;
    private static Server server;

    @BeforeAll
    static void startServer() throws Exception {
        ofServer = Certificate.make(folder, "server");
        ofClient = Certificate.make(folder, "client");
        server =
                Grpc.newServerBuilderForPort(
                                0,
                                TlsServerCredentials.newBuilder()
                                        .keyManager(
                                                ofServer.chain().toFile(), ofServer.key().toFile())
                                        .trustManager(ofClient.chain().toFile())
                                        .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE)
                                        .build())
                        .addService(new InfoService())
                        .intercept(new Watching())
                        .build()
                        .start();
    }

    @AfterAll
    static void stopServer() {
        server.shutdownNow();
    }

    @BeforeEach
    void forget() {
        seenTokens.clear();
        seenNames.clear();
    }

    private static InkstreamClientBuilder builder() {
        return InkstreamClient.builder("127.0.0.1:" + server.getPort());
    }

    @Test
    void bothSidesShowTheirCertificates() throws IOException {
        try (InkstreamClient client =
                builder()
                        .tls(ofServer.chain())
                        .identity(ofClient.chain(), ofClient.key())
                        .build()) {
            assertEquals("seen", client.serverInfo().getVersion());
            assertTrue(seenNames.contains("CN=client"));
        }
    }

    @Test
    void aServerThatIsNotTrustedIsToldNothing() throws IOException {
        try (InkstreamClient client =
                builder()
                        .tls(ofClient.chain())
                        .identity(ofClient.chain(), ofClient.key())
                        .withoutRetries()
                        .build()) {
            InkstreamException failure =
                    assertThrows(InkstreamException.class, client::serverInfo);

            assertEquals(Status.Code.UNAVAILABLE, failure.code());
            assertTrue(seenNames.isEmpty());
        }
    }

    @Test
    void aClientWithoutCertificateIsTurnedAway() throws IOException {
        try (InkstreamClient client =
                builder().tls(ofServer.chain()).withoutRetries().build()) {
            InkstreamException failure =
                    assertThrows(InkstreamException.class, client::serverInfo);

            assertEquals(Status.Code.UNAVAILABLE, failure.code());
        }
    }

    @Test
    void aTokenGoesWithEveryCallAndIsAskedForAnew() throws IOException {
        AtomicInteger number = new AtomicInteger();
        try (InkstreamClient client =
                builder()
                        .tls(ofServer.chain())
                        .identity(ofClient.chain(), ofClient.key())
                        .bearerToken(() -> "token-" + number.incrementAndGet())
                        .build()) {
            client.serverInfo();
            client.serverInfo();

            assertEquals(2, seenTokens.stream().distinct().count());
            assertTrue(seenTokens.stream().allMatch(each -> each.startsWith("Bearer token-")));
        }
    }

    @Test
    void withoutItsTokenNoCallIsSent() throws IOException {
        try (InkstreamClient client =
                builder()
                        .tls(ofServer.chain())
                        .identity(ofClient.chain(), ofClient.key())
                        .bearerToken(
                                () -> {
                                    throw new IllegalStateException("no token today");
                                })
                        .build()) {
            assertThrows(InkstreamException.class, client::serverInfo);

            assertTrue(seenNames.isEmpty());
        }
    }

    private static final class InfoService extends ModelServiceGrpc.ModelServiceImplBase {

        @Override
        public void getServerInfo(
                GetServerInfoRequest request, StreamObserver<GetServerInfoResponse> answer) {
            answer.onNext(GetServerInfoResponse.newBuilder().setVersion("seen").build());
            answer.onCompleted();
        }
    }

    /** Notes of every call of the service who makes it. */
    private static final class Watching implements ServerInterceptor {

        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            SSLSession session = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
            try {
                seenNames.add(session.getPeerPrincipal().getName());
            } catch (SSLPeerUnverifiedException unknown) {
                seenNames.add("nobody");
            }
            if (headers.containsKey(AUTHORIZATION)) {
                seenTokens.add(headers.get(AUTHORIZATION));
            }
            return next.startCall(call, headers);
        }
    }
}
