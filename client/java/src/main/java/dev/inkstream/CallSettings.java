package dev.inkstream;

import com.google.protobuf.MessageLite;
import io.grpc.stub.AbstractStub;
import java.time.Duration;
import java.util.Optional;

/** What every call of a client is made with. A null {@code timeout}: the service config's. */
record CallSettings(Duration timeout, int maxMessageBytes) {

    CallSettings withTimeout(Duration other) {
        return new CallSettings(other, maxMessageBytes);
    }

    /** The stub, its deadline counted from now: it is for one call. */
    <S extends AbstractStub<S>> S on(S stub) {
        return timeout == null ? stub : stub.withDeadlineAfter(timeout);
    }

    /** Why a request is not sent, if it is not. */
    Optional<InkstreamException> refusalOf(MessageLite request) {
        int sizeBytes = request.getSerializedSize();
        return sizeBytes > maxMessageBytes
                ? Optional.of(Failures.tooLarge(sizeBytes, maxMessageBytes))
                : Optional.empty();
    }

    void requireFits(MessageLite request) {
        refusalOf(request)
                .ifPresent(
                        refusal -> {
                            throw refusal;
                        });
    }
}
