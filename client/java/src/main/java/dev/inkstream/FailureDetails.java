package dev.inkstream;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/** What a failure tells programs beside its code. A null {@code retryDelay} means: not told. */
record FailureDetails(
        String reason,
        Map<String, String> metadata,
        List<FieldViolation> fieldViolations,
        Duration retryDelay,
        String requestId) {

    static FailureDetails of(String reason) {
        return of(reason, Map.of());
    }

    static FailureDetails of(String reason, Map<String, String> metadata) {
        return new FailureDetails(reason, metadata, List.of(), null, "");
    }
}
