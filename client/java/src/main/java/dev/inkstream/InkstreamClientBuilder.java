package dev.inkstream;

import io.grpc.ChannelCredentials;
import io.grpc.CompositeChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * How a client reaches its server. What is left out: no TLS, no token, no deadline but the service
 * config's, messages of at most 64 MiB.
 */
public final class InkstreamClientBuilder {

    /** What a server takes and sends where it is not configured otherwise. */
    public static final int DEFAULT_MAX_MESSAGE_BYTES = 64 << 20;

    /** Enough for several requests of the largest size to be tried again at the same time. */
    private static final long RETRIED_REQUEST_COUNT = 4;

    /** Of a message on the wire, what is not the message itself. */
    private static final int FRAME_BYTES = 5;

    private static final Duration DEFAULT_KEEP_ALIVE = Duration.ofSeconds(30);
    private static final Duration KEEP_ALIVE_TIMEOUT = Duration.ofSeconds(20);

    private final String target;
    private TlsChannelCredentials.Builder tls;
    private Supplier<String> token;
    private boolean tokenMayBeSeen;
    private String authority;
    private Duration timeout;
    private Duration keepAlive = DEFAULT_KEEP_ALIVE;
    private int maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES;
    private boolean retries = true;
    private Executor executor;

    InkstreamClientBuilder(String target) {
        this.target = target;
    }

    /** Connects with TLS; the server's certificate is checked against those that Java trusts. */
    public InkstreamClientBuilder tls() {
        if (tls == null) {
            tls = TlsChannelCredentials.newBuilder();
        }
        return this;
    }

    /**
     * Connects with TLS.
     *
     * @param authorities the certificates, in PEM, that the server's is checked against
     * @throws IOException where the file cannot be read
     */
    public InkstreamClientBuilder tls(Path authorities) throws IOException {
        tls();
        tls.trustManager(authorities.toFile());
        return this;
    }

    /**
     * Connects with TLS on both sides (mTLS): the server is shown who calls.
     *
     * @param certificateChain this client's certificate and those above it, in PEM
     * @param privateKey its private key, in PEM (PKCS #8), not encrypted
     * @throws IOException where a file cannot be read
     */
    public InkstreamClientBuilder identity(Path certificateChain, Path privateKey)
            throws IOException {
        tls();
        tls.keyManager(certificateChain.toFile(), privateKey.toFile());
        return this;
    }

    /** The host name that the server's certificate is for, where it is not the target's. */
    public InkstreamClientBuilder authority(String authority) {
        this.authority = authority;
        return this;
    }

    /** Sends this token with every call, as {@code authorization: Bearer}. Needs TLS. */
    public InkstreamClientBuilder bearerToken(String token) {
        return bearerToken(() -> token);
    }

    /** As {@link #bearerToken(String)}, asked for anew for every call, on the client's executor. */
    public InkstreamClientBuilder bearerToken(Supplier<String> token) {
        this.token = token;
        return this;
    }

    /**
     * Sends the token without TLS too, readable for everyone on the way: for a proxy on this
     * machine that does TLS, and for tests.
     */
    public InkstreamClientBuilder bearerTokenWithoutTls() {
        this.tokenMayBeSeen = true;
        return this;
    }

    /** The deadline of each call as a whole; {@link InkstreamClient#withTimeout} sets another. */
    public InkstreamClientBuilder timeout(Duration timeout) {
        this.timeout = timeout;
        return this;
    }

    /**
     * How long a connection with calls on it may be silent before it is asked for a sign of life,
     * 30 s where not set. Servers take it amiss more often than every 10 s.
     */
    public InkstreamClientBuilder keepAlive(Duration keepAlive) {
        this.keepAlive = keepAlive;
        return this;
    }

    /**
     * The largest request that is sent, and the largest answer that is taken. The server has a limit
     * of its own: {@code GetServerInfoResponse.max_message_bytes}.
     */
    public InkstreamClientBuilder maxMessageBytes(int maxMessageBytes) {
        this.maxMessageBytes = maxMessageBytes;
        return this;
    }

    /** Tries no call twice, whatever the service config says. */
    public InkstreamClientBuilder withoutRetries() {
        this.retries = false;
        return this;
    }

    /** What listeners and futures are run on; where not set, threads that gRPC keeps for all. */
    public InkstreamClientBuilder executor(Executor executor) {
        this.executor = executor;
        return this;
    }

    /**
     * A client that will connect when it is first used; to be closed.
     *
     * @throws IllegalStateException where there is a token and no TLS
     */
    public InkstreamClient build() {
        return new InkstreamClient(channel(), new CallSettings(timeout, maxMessageBytes));
    }

    private ManagedChannel channel() {
        ManagedChannelBuilder<?> builder =
                Grpc.newChannelBuilder(target, credentials())
                        .defaultServiceConfig(ServiceConfig.load())
                        .keepAliveTime(keepAlive.toNanos(), TimeUnit.NANOSECONDS)
                        .keepAliveTimeout(KEEP_ALIVE_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)
                        .maxInboundMessageSize(maxMessageBytes)
                        .executor(executor);
        if (authority != null) {
            builder.overrideAuthority(authority);
        }
        return (retries ? retrying(builder) : builder.disableRetry()).build();
    }

    /** A request is only tried again while it fits these buffers, and most scans are over 1 MiB. */
    private ManagedChannelBuilder<?> retrying(ManagedChannelBuilder<?> builder) {
        long perCallBytes = (long) maxMessageBytes + FRAME_BYTES;
        return builder.enableRetry()
                .perRpcBufferLimit(perCallBytes)
                .retryBufferSize(RETRIED_REQUEST_COUNT * perCallBytes);
    }

    private ChannelCredentials credentials() {
        ChannelCredentials transport =
                tls == null ? InsecureChannelCredentials.create() : tls.build();
        if (token == null) {
            return transport;
        }
        if (tls == null && !tokenMayBeSeen) {
            throw new IllegalStateException(
                    "everyone on the way could read the token: use tls(), or say"
                            + " bearerTokenWithoutTls()");
        }
        return CompositeChannelCredentials.create(transport, new BearerToken(token));
    }
}
