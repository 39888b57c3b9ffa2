package dev.inkstream;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RequestInfo;
import com.google.rpc.RetryInfo;
import dev.inkstream.v1.Error;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Says in our own terms what a call failed with: every gRPC status is read here, nowhere else. */
final class Failures {

    private static final String DOMAIN = "inkstream.dev";
    private static final String TOO_LARGE = "MESSAGE_TOO_LARGE";
    private static final Metadata.Key<byte[]> DETAILS =
            Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

    /** What gRPC says of a message over a limit, in the server's words and in Java's. */
    private static final List<Pattern> OVER_LIMIT =
            List.of(
                    Pattern.compile("larger than max \\((?<size>\\d+) vs\\. (?<limit>\\d+)\\)"),
                    Pattern.compile("exceeds maximum size (?<limit>\\d+): (?<size>\\d+)"));

    private Failures() {}

    /** What a call failed with. */
    static InkstreamException of(Throwable failure) {
        if (failure instanceof InkstreamException read) {
            return read;
        }
        Status status = Status.fromThrowable(failure);
        String told = status.getDescription();
        String message = told == null ? status.getCode().name() : told;
        return new InkstreamException(
                status.getCode(), message, detailsOf(failure, status, message), failure);
    }

    /** The failure of one page, line or document, of a call that goes on. */
    static InkstreamException of(Error error) {
        Status.Code code = Status.fromCodeValue(error.getCode()).getCode();
        return new InkstreamException(
                code, error.getMessage(), FailureDetails.of(error.getReason()), null);
    }

    /** A request over the limit, found before anything was sent. */
    static InkstreamException tooLarge(long sizeBytes, long limitBytes) {
        return new InkstreamException(
                Status.Code.RESOURCE_EXHAUSTED,
                "the request has " + sizeBytes + " bytes; the limit is " + limitBytes,
                tooLargeDetails(String.valueOf(sizeBytes), String.valueOf(limitBytes)),
                null);
    }

    /** A wait for an answer that was interrupted. */
    static InkstreamException interrupted(InterruptedException cause) {
        return new InkstreamException(
                Status.Code.CANCELLED,
                "the thread was interrupted",
                FailureDetails.of(Status.Code.CANCELLED.name()),
                cause);
    }

    private static FailureDetails detailsOf(Throwable failure, Status status, String message) {
        if (status.getCode() == Status.Code.RESOURCE_EXHAUSTED) {
            for (Pattern pattern : OVER_LIMIT) {
                Matcher over = pattern.matcher(message);
                if (over.find()) {
                    return tooLargeDetails(over.group("size"), over.group("limit"));
                }
            }
        }
        return read(richStatusOf(failure), status.getCode().name());
    }

    private static FailureDetails tooLargeDetails(String sizeBytes, String limitBytes) {
        return FailureDetails.of(
                TOO_LARGE, Map.of("size_bytes", sizeBytes, "limit_bytes", limitBytes));
    }

    /** The details that the trailers bring; none where they bring none, or what cannot be read. */
    private static List<Any> richStatusOf(Throwable failure) {
        Metadata trailers = Status.trailersFromThrowable(failure);
        byte[] bytes = trailers == null ? null : trailers.get(DETAILS);
        if (bytes == null) {
            return List.of();
        }
        try {
            return com.google.rpc.Status.parseFrom(bytes).getDetailsList();
        } catch (InvalidProtocolBufferException notOurs) {
            return List.of(); // some proxy's; the code and the message still tell
        }
    }

    private static FailureDetails read(List<Any> details, String codeName) {
        ErrorInfo info = find(details, ErrorInfo.getDefaultInstance());
        boolean isOurs = info.getDomain().equals(DOMAIN);
        RetryInfo retry = find(details, RetryInfo.getDefaultInstance());
        return new FailureDetails(
                isOurs ? info.getReason() : codeName,
                isOurs ? info.getMetadataMap() : Map.of(),
                violationsOf(find(details, BadRequest.getDefaultInstance())),
                retry.hasRetryDelay() ? durationOf(retry.getRetryDelay()) : null,
                find(details, RequestInfo.getDefaultInstance()).getRequestId());
    }

    private static List<FieldViolation> violationsOf(BadRequest request) {
        return request.getFieldViolationsList().stream()
                .map(each -> new FieldViolation(each.getField(), each.getDescription()))
                .toList();
    }

    private static Duration durationOf(com.google.protobuf.Duration duration) {
        return Duration.ofSeconds(duration.getSeconds(), duration.getNanos());
    }

    /** The first detail of a kind, or the kind's empty message. */
    private static <M extends Message> M find(List<Any> details, M empty) {
        for (Any detail : details) {
            if (detail.isSameTypeAs(empty)) {
                try {
                    return detail.unpackSameTypeAs(empty);
                } catch (InvalidProtocolBufferException damaged) {
                    return empty;
                }
            }
        }
        return empty;
    }
}
