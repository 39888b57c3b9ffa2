package dev.inkstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import dev.inkstream.v1.DocumentEnd;
import dev.inkstream.v1.Page;
import dev.inkstream.v1.PageSelection;
import dev.inkstream.v1.RawImage;
import dev.inkstream.v1.RecognizeDocumentRequest;
import dev.inkstream.v1.Source;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Documents that are too large for one message. */
class UploadTest {

    @RegisterExtension static final Served served = Served.fake();

    private static final String STREAMS =
            "inkstream_requests_total{method=\"RecognizeStream\",reason=\"OK\"}";
    private static final int LIMIT_BYTES = 4 << 20; // the server's
    private static final int LARGE_BYTES = 9_000_000;

    private static InkstreamClient client() {
        return served.builder().maxMessageBytes(LIMIT_BYTES).build();
    }

    @Test
    void aLargeDocumentGoesInChunks() {
        double before = served.server().metric(STREAMS);
        RecognizeDocumentRequest request =
                RecognizeDocumentRequest.newBuilder()
                        .setSource(Documents.largePdf(5, LARGE_BYTES))
                        .setPages(PageSelection.newBuilder().setRanges("2-4"))
                        .build();
        try (InkstreamClient client = client();
                DocumentPages pages = client.recognizeDocument(request)) {
            List<Integer> seen =
                    pages.stream().map(Pages::requireRead).map(Page::getPageNumber).toList();

            assertEquals(List.of(2, 3, 4), seen);
            assertEquals(5, pages.start().getPageCount());
            assertEquals(3, pages.end().orElseThrow().getOkPageCount());
        }
        RunningServer.eventually(
                "it was a stream", () -> served.server().metric(STREAMS) == before + 1);
    }

    @Test
    void whatIsReadIsTheSameHoweverItWasSent() {
        Source source = Documents.largePdf(2, 1_000_000);
        try (InkstreamClient whole = client();
                InkstreamClient inChunks = served.builder().maxMessageBytes(900_000).build();
                DocumentPages expected = whole.recognizeDocument(source);
                DocumentPages seen = inChunks.recognizeDocument(source)) {
            assertEquals(
                    expected.stream().map(Pages::text).toList(),
                    seen.stream().map(Pages::text).toList());
        }
    }

    @Test
    void aListenerIsToldOfALargeDocument() throws Exception {
        List<Integer> told = Collections.synchronizedList(new ArrayList<>());
        RecognizeDocumentRequest request = Documents.request(Documents.largePdf(3, LARGE_BYTES));
        try (InkstreamClient client = client()) {
            DocumentEnd end =
                    client.recognizeDocumentAsync(request, page -> told.add(page.getPageNumber()))
                            .get(150, TimeUnit.SECONDS);

            assertEquals(List.of(1, 2, 3), told);
            assertEquals(3, end.getOkPageCount());
        }
    }

    @Test
    void aLargeDocumentIsRefusedAsASmallOneIs() {
        try (InkstreamClient client = client();
                DocumentPages pages =
                        client.recognizeDocument(Documents.encryptedLargePdf(LARGE_BYTES))) {
            InkstreamException refusal = assertThrows(InkstreamException.class, pages::start);

            assertEquals("PDF_PASSWORD_REQUIRED", refusal.reason());
            assertEquals(Status.Code.INVALID_ARGUMENT, refusal.code());
        }
    }

    @Test
    void pixelsThatAreTooLargeAreNotSent() {
        RawImage image =
                RawImage.newBuilder().setData(ByteString.copyFrom(new byte[LIMIT_BYTES])).build();
        try (InkstreamClient client = client();
                DocumentPages pages =
                        client.recognizeDocument(Source.newBuilder().setRaw(image).build())) {
            InkstreamException refusal = assertThrows(InkstreamException.class, pages::start);

            assertEquals("MESSAGE_TOO_LARGE", refusal.reason());
        }
    }
}
