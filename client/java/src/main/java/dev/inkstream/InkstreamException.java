package dev.inkstream;

import io.grpc.Status;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A failed call, or the failure of one page ({@link Pages#requireRead}).
 *
 * <p>The message is for people; everything else is for programs.
 */
public final class InkstreamException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final Status.Code code;
    private final String reason;
    private final HashMap<String, String> metadata;
    private final FieldViolation[] fieldViolations;
    private final Duration retryDelay;
    private final String requestId;

    InkstreamException(Status.Code code, String message, FailureDetails details, Throwable cause) {
        super(details.reason() + ": " + message, cause);
        this.code = code;
        this.reason = details.reason();
        this.metadata = new HashMap<>(details.metadata());
        this.fieldViolations = details.fieldViolations().toArray(FieldViolation[]::new);
        this.retryDelay = details.retryDelay();
        this.requestId = details.requestId();
    }

    /** The call's gRPC status. */
    public Status.Code code() {
        return code;
    }

    /**
     * The stable name of what went wrong, finer than the code, such as {@code
     * PDF_PASSWORD_REQUIRED}. Where the failure is not the server's own, the code's name: {@code
     * UNAVAILABLE} means that nobody answers. {@code MESSAGE_TOO_LARGE} is a request or an answer
     * over the message limit, of this side or of the server.
     */
    public String reason() {
        return reason;
    }

    /** The values that the message speaks of, by name, such as {@code max_pages}. */
    public Map<String, String> metadata() {
        return Map.copyOf(metadata);
    }

    /** The fields of the request that are wrong; none where the failure is of another kind. */
    public List<FieldViolation> fieldViolations() {
        return List.of(fieldViolations);
    }

    /** When trying again may help, where the server said so. */
    public Optional<Duration> retryDelay() {
        return Optional.ofNullable(retryDelay);
    }

    /** What the server's log calls the request; empty where the server did not say. */
    public String requestId() {
        return requestId;
    }
}
