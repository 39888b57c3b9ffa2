package dev.inkstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.protobuf.ByteString;
import dev.inkstream.v1.Page;
import dev.inkstream.v1.PageSelection;
import dev.inkstream.v1.RawImage;
import dev.inkstream.v1.RecognizeDocumentRequest;
import dev.inkstream.v1.RecognizeLinesRequest;
import dev.inkstream.v1.RecognizeOptions;
import dev.inkstream.v1.RecognizeRequest;
import dev.inkstream.v1.Source;
import io.grpc.Status;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the server refuses, and what it tells programs of that. */
class RefusalsTest {

    @RegisterExtension static final Served served = Served.fake();

    private static final Status.Code INVALID = Status.Code.INVALID_ARGUMENT;
    private static final Status.Code UNSERVED = Status.Code.FAILED_PRECONDITION;

    private static InkstreamException refusalOf(Source source, RecognizeOptions options) {
        RecognizeRequest request =
                RecognizeRequest.newBuilder().setSource(source).setOptions(options).build();
        try (InkstreamClient client = served.client()) {
            return assertThrows(InkstreamException.class, () -> client.recognize(request));
        }
    }

    private static InkstreamException refusalOf(RecognizeDocumentRequest request) {
        try (InkstreamClient client = served.client();
                DocumentPages pages = client.recognizeDocument(request)) {
            return assertThrows(InkstreamException.class, () -> pages.iterator().hasNext());
        }
    }

    private static ByteString start(Source source, int byteCount) {
        return source.getContent().substring(0, byteCount);
    }

    private static Source content(ByteString content) {
        return Source.newBuilder().setContent(content).build();
    }

    static Stream<Arguments> refused() {
        RecognizeOptions none = RecognizeOptions.getDefaultInstance();
        Source picture = Documents.picture(1);
        Source encrypted = Documents.encryptedPdf();
        return Stream.of(
                arguments("EMPTY_INPUT", INVALID, Source.getDefaultInstance(), none),
                arguments(
                        "UNSUPPORTED_MEDIA_TYPE",
                        INVALID,
                        Sources.bytes("no picture at all".getBytes()),
                        none),
                arguments("IMAGE_DAMAGED", INVALID, content(start(picture, 60)), none),
                arguments("IMAGE_TOO_LARGE", INVALID, Documents.picture(2000, 1001, 0), none),
                arguments("PDF_PASSWORD_REQUIRED", INVALID, encrypted, none),
                arguments(
                        "PDF_PASSWORD_WRONG",
                        INVALID,
                        encrypted.toBuilder().setPassword("other").build(),
                        none),
                arguments(
                        "MODULE_NOT_SERVED",
                        UNSERVED,
                        picture,
                        none.toBuilder().setUseDocUnwarping(true).build()),
                arguments(
                        "MODEL_NOT_SERVED",
                        UNSERVED,
                        picture,
                        none.toBuilder().setTextRecModel("none").build()),
                arguments(
                        "URI_NOT_ALLOWED",
                        UNSERVED,
                        Sources.url("http://localhost/picture.png"),
                        none));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void whatIsRefusedHasItsReason(
            String reason, Status.Code code, Source source, RecognizeOptions options) {
        InkstreamException refusal = refusalOf(source, options);

        assertEquals(reason, refusal.reason());
        assertEquals(code, refusal.code());
        assertTrue(refusal.getMessage().startsWith(reason + ": "));
        assertFalse(refusal.requestId().isEmpty());
        assertTrue(refusal.retryDelay().isEmpty());
    }

    @Test
    void aWrongFieldIsNamedWithWhatIsAllowed() {
        RecognizeOptions wrong = RecognizeOptions.newBuilder().setTextDetThresh(1.5f).build();

        InkstreamException refusal = refusalOf(Documents.picture(1), wrong);

        assertEquals("INVALID_FIELD", refusal.reason());
        assertEquals("options.text_det_thresh", refusal.metadata().get("field"));
        assertEquals("1.5", refusal.metadata().get("value"));
        List<FieldViolation> violations = refusal.fieldViolations();
        assertEquals(1, violations.size());
        assertEquals("options.text_det_thresh", violations.get(0).field());
        assertTrue(violations.get(0).description().contains("1.5"));
    }

    @Test
    void pixelsThatDoNotFitTheirSizeAreNamed() {
        RawImage image =
                RawImage.newBuilder()
                        .setHeight(5)
                        .setWidth(5)
                        .setChannels(3)
                        .setData(ByteString.copyFrom(new byte[74]))
                        .build();

        InkstreamException refusal =
                refusalOf(
                        Source.newBuilder().setRaw(image).build(),
                        RecognizeOptions.getDefaultInstance());

        assertEquals("source.raw.data", refusal.fieldViolations().get(0).field());
    }

    @Test
    void aDocumentIsRefusedWhereItsFirstPageIsAskedFor() {
        RecognizeDocumentRequest request =
                RecognizeDocumentRequest.newBuilder()
                        .setSource(Documents.pdf(3, 1))
                        .setPages(PageSelection.newBuilder().setRanges("7"))
                        .build();

        InkstreamException refusal = refusalOf(request);

        assertEquals("INVALID_FIELD", refusal.reason());
        assertEquals("pages.ranges", refusal.fieldViolations().get(0).field());
    }

    @Test
    void tooManyPagesAreRefusedWithTheirLimit() {
        InkstreamException refusal = refusalOf(Documents.request(Documents.pdf(201, 1)));

        assertEquals("TOO_MANY_PAGES", refusal.reason());
        assertEquals("200", refusal.metadata().get("max_pages"));
    }

    @Test
    void tooManyLinesAreRefused() {
        RecognizeLinesRequest request =
                RecognizeLinesRequest.newBuilder()
                        .addAllLines(Collections.nCopies(41, Documents.picture(100, 48, 1)))
                        .build();
        try (InkstreamClient client = served.client()) {
            InkstreamException refusal =
                    assertThrows(
                            InkstreamException.class, () -> client.recognizeLines(request));

            assertEquals("TOO_MANY_LINES", refusal.reason());
        }
    }

    @Test
    void aPageThatWouldBeTooLargeFailsAlone() {
        RecognizeDocumentRequest request =
                RecognizeDocumentRequest.newBuilder()
                        .setSource(Documents.largePage())
                        .setPages(PageSelection.newBuilder().setDpi(600))
                        .build();
        try (InkstreamClient client = served.client();
                DocumentPages pages = client.recognizeDocument(request)) {
            Page page = pages.iterator().next();

            InkstreamException failure =
                    assertThrows(InkstreamException.class, () -> Pages.requireRead(page));
            assertEquals("PAGE_TOO_LARGE", failure.reason());
            assertEquals(INVALID, failure.code());
        }
    }

    @Test
    void aDocumentThatCannotBeReadInTimeIsRefusedAtOnce() {
        try (InkstreamClient client =
                        served.builder()
                                .withoutRetries()
                                .timeout(Duration.ofSeconds(2))
                                .build();
                DocumentPages pages = client.recognizeDocument(Documents.pdf(200, 8))) {
            InkstreamException refusal =
                    assertThrows(InkstreamException.class, pages::start);

            assertEquals("DEADLINE_TOO_SHORT", refusal.reason());
            assertEquals(Status.Code.RESOURCE_EXHAUSTED, refusal.code());
            assertTrue(Double.parseDouble(refusal.metadata().get("predicted_s")) > 2);
        }
    }

    @Test
    void aFullServerTellsWhenToTryAgain() throws Exception {
        try (InkstreamClient client = served.builder().withoutRetries().build()) {
            try (RunningServer.Pause pause = served.server().pausedWorkers()) {
                List<CompletableFuture<Page>> inside = fill(client);

                InkstreamException refusal =
                        assertThrows(
                                InkstreamException.class,
                                () -> client.recognize(Documents.picture(1)));

                assertEquals("QUEUE_FULL", refusal.reason());
                assertEquals("8", refusal.metadata().get("max_documents"));
                assertTrue(refusal.retryDelay().orElseThrow().toMillis() > 0);
                pause.close();
                for (CompletableFuture<Page> each : inside) {
                    assertEquals(1, each.get(150, TimeUnit.SECONDS).getLinesCount());
                }
            }
        }
    }

    @Test
    void aFullServerIsAskedAgainAsTheServiceConfigSays() throws Exception {
        String refused = "inkstream_requests_total{method=\"Recognize\",reason=\"QUEUE_FULL\"}";
        RunningServer server = served.server();
        try (InkstreamClient client = served.client()) {
            RunningServer.Pause pause = server.pausedWorkers();
            List<CompletableFuture<Page>> inside = fill(client);
            double before = server.metric(refused);
            CompletableFuture<Page> late = client.recognizeAsync(Documents.picture(2));
            try {
                RunningServer.eventually(
                        "it was refused once", () -> server.metric(refused) > before);
            } finally {
                pause.close();
            }

            assertEquals(2, late.get(150, TimeUnit.SECONDS).getLinesCount());
            for (CompletableFuture<Page> each : inside) {
                each.get(150, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void aRequestOverTheClientsOwnLimitIsNotSent() {
        try (InkstreamClient client = served.builder().maxMessageBytes(1000).build()) {
            InkstreamException refusal =
                    assertThrows(
                            InkstreamException.class,
                            () -> client.recognize(Sources.bytes(new byte[1001])));
            CompletableFuture<Page> answer =
                    client.recognizeAsync(Sources.bytes(new byte[1001]));

            assertEquals("MESSAGE_TOO_LARGE", refusal.reason());
            assertEquals("1000", refusal.metadata().get("limit_bytes"));
            ExecutionException failed = assertThrows(ExecutionException.class, answer::get);
            assertEquals(
                    "MESSAGE_TOO_LARGE", ((InkstreamException) failed.getCause()).reason());
        }
    }

    @Test
    void aRequestOverTheServersLimitIsToldWithBothSizes() {
        try (InkstreamClient client = served.client()) {
            InkstreamException refusal =
                    assertThrows(
                            InkstreamException.class,
                            () -> client.recognize(Sources.bytes(new byte[5 << 20])));

            assertEquals("MESSAGE_TOO_LARGE", refusal.reason());
            assertEquals("4194304", refusal.metadata().get("limit_bytes"));
            assertTrue(Long.parseLong(refusal.metadata().get("size_bytes")) > 5 << 20);
        }
    }

    @Test
    void anAnswerOverTheClientsLimitIsToldWithBothSizes() {
        try (InkstreamClient client = served.builder().maxMessageBytes(2000).build()) {
            InkstreamException refusal =
                    assertThrows(
                            InkstreamException.class,
                            () -> client.recognize(Documents.picture(30)));

            assertEquals("MESSAGE_TOO_LARGE", refusal.reason());
            assertEquals("2000", refusal.metadata().get("limit_bytes"));
        }
    }

    @Test
    void whereNobodyListensThatIsTold() {
        try (InkstreamClient client =
                InkstreamClient.builder("127.0.0.1:1").withoutRetries().build()) {
            InkstreamException failure =
                    assertThrows(
                            InkstreamException.class,
                            () -> client.recognize(Documents.picture(1)));

            assertEquals(Status.Code.UNAVAILABLE, failure.code());
            assertEquals("UNAVAILABLE", failure.reason());
        }
    }

    /** As many calls as the server has places for. */
    private static List<CompletableFuture<Page>> fill(InkstreamClient client) {
        List<CompletableFuture<Page>> inside =
                IntStream.range(0, 8)
                        .mapToObj(n -> client.recognizeAsync(Documents.picture(1)))
                        .toList();
        RunningServer.eventually("it is full", () -> served.server().pagesInFlight() == 8);
        return inside;
    }
}
