package dev.inkstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is made of statuses that no server of ours sends, and what a builder refuses. */
class FailuresTest {

    private static InkstreamException failureWith(byte[] details) {
        Metadata trailers = new Metadata();
        trailers.put(
                Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER),
                details);
        return Failures.of(
                Status.UNAVAILABLE.withDescription("told").asRuntimeException(trailers));
    }

    @Test
    void detailsThatCannotBeReadLeaveTheCodeAndTheMessage() {
        InkstreamException failure = failureWith(new byte[] {-1, -1, -1});

        assertEquals(Status.Code.UNAVAILABLE, failure.code());
        assertEquals("UNAVAILABLE", failure.reason());
        assertEquals("UNAVAILABLE: told", failure.getMessage());
    }

    @Test
    void aReasonOfSomeoneElseIsNotOurs() {
        ErrorInfo info =
                ErrorInfo.newBuilder()
                        .setDomain("proxy.example")
                        .setReason("QUEUE_FULL")
                        .putMetadata("name", "value")
                        .build();
        com.google.rpc.Status status =
                com.google.rpc.Status.newBuilder().addDetails(Any.pack(info)).build();

        InkstreamException failure = failureWith(status.toByteArray());

        assertEquals("UNAVAILABLE", failure.reason());
        assertTrue(failure.metadata().isEmpty());
    }

    @Test
    void aFailureCanBeSerialized() throws Exception {
        InkstreamException failure = Failures.tooLarge(2000, 1000);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(failure);
        }

        ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()));
        InkstreamException read = (InkstreamException) in.readObject();

        assertEquals(failure.getMessage(), read.getMessage());
        assertEquals(Map.of("size_bytes", "2000", "limit_bytes", "1000"), read.metadata());
    }

    @Test
    void aTokenIsNotSentWhereOthersCanReadIt() {
        InkstreamClientBuilder builder =
                InkstreamClient.builder("localhost:50051").bearerToken("secret");

        assertThrows(IllegalStateException.class, builder::build);
    }
}
