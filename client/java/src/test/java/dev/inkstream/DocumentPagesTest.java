package dev.inkstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.inkstream.v1.Page;
import dev.inkstream.v1.PageOrder;
import dev.inkstream.v1.PageSelection;
import dev.inkstream.v1.RecognizeDocumentRequest;
import dev.inkstream.v1.RecognizeOptions;
import io.grpc.Status;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Documents whose pages are asked for one by one. */
class DocumentPagesTest {

    @RegisterExtension static final Served served = Served.fake();

    private static final String READ = "inkstream_pages_total{reason=\"OK\"}";
    private static final String CANCELLED =
            "inkstream_requests_total{method=\"RecognizeDocument\",reason=\"CANCELLED\"}";
    private static final int LONG_PAGE_COUNT = 60;

    private static List<Integer> numbers(int first, int last) {
        return IntStream.rangeClosed(first, last).boxed().toList();
    }

    /** A document whose answers are larger than what a connection holds of them unread. */
    private static RecognizeDocumentRequest longDocument() {
        return RecognizeDocumentRequest.newBuilder()
                .setSource(Documents.pdf(LONG_PAGE_COUNT, 30))
                .setOptions(RecognizeOptions.newBuilder().setReturnPageImages(true))
                .build();
    }

    @Test
    void pagesComeInTheOrderOfTheDocument() {
        try (InkstreamClient client = served.client();
                DocumentPages pages = client.recognizeDocument(Documents.pdf(200, 1))) {
            assertEquals(200, pages.start().getPageCount());
            assertEquals("application/pdf", pages.start().getMediaType());
            assertTrue(pages.end().isEmpty());

            List<Integer> seen = pages.stream().map(Page::getPageNumber).toList();

            assertEquals(numbers(1, 200), seen);
            assertEquals(200, pages.end().orElseThrow().getOkPageCount());
        }
    }

    @Test
    void pagesCanComeAsTheyAreDone() {
        RecognizeDocumentRequest request =
                RecognizeDocumentRequest.newBuilder()
                        .setSource(Documents.pdf(20, 1))
                        .setPages(PageSelection.newBuilder().setRanges("3-12"))
                        .setOrder(PageOrder.PAGE_ORDER_COMPLETION)
                        .build();
        try (InkstreamClient client = served.client();
                DocumentPages pages = client.recognizeDocument(request)) {
            List<Integer> seen = pages.stream().map(Page::getPageNumber).sorted().toList();

            assertEquals(numbers(3, 12), seen);
            assertEquals(10, pages.start().getSelectedPageCount());
        }
    }

    @Test
    void pagesComeOnce() {
        try (InkstreamClient client = served.client();
                DocumentPages pages = client.recognizeDocument(Documents.pdf(1, 1))) {
            Iterator<Page> iterator = pages.iterator();
            iterator.next();

            assertFalse(iterator.hasNext());
            assertFalse(iterator.hasNext());
            assertThrows(IllegalStateException.class, pages::iterator);
        }
    }

    @Test
    void aSlowReaderHoldsBackTheServerAndLosesNothing() {
        RunningServer server = served.server();
        double before = server.metric(READ);
        try (InkstreamClient client = served.client();
                DocumentPages pages = client.recognizeDocument(longDocument())) {
            pages.start();

            double readAhead = settledAfter(before) - before;
            List<Integer> seen = pages.stream().map(Page::getPageNumber).toList();

            assertTrue(readAhead < 0.75 * LONG_PAGE_COUNT, "read ahead: " + readAhead);
            assertEquals(numbers(1, LONG_PAGE_COUNT), seen);
        }
    }

    /** How many pages the server has read once it reads no further. */
    private static double settledAfter(double before) {
        double last = before;
        double now = served.server().metric(READ);
        while (now == before || now != last || served.server().pagesInFlight() > 0) {
            RunningServer.sleep(Duration.ofSeconds(1));
            last = now;
            now = served.server().metric(READ);
        }
        return now;
    }

    @Test
    void closingEndsTheCallAndWhoStillReadsIsTold() {
        RunningServer server = served.server();
        double before = server.metric(READ);
        double cancelled = server.metric(CANCELLED);
        try (InkstreamClient client = served.client()) {
            DocumentPages pages = client.recognizeDocument(longDocument());
            Iterator<Page> iterator = pages.iterator();
            assertEquals(1, iterator.next().getPageNumber());

            pages.close();

            RunningServer.eventually(
                    "the server has let go of it", () -> server.metric(CANCELLED) > cancelled);
            assertTrue(server.metric(READ) - before < LONG_PAGE_COUNT);
            InkstreamException told =
                    assertThrows(
                            InkstreamException.class,
                            () -> iterator.forEachRemaining(Pages::requireRead));
            assertEquals(Status.Code.CANCELLED, told.code());
            assertTrue(pages.end().isEmpty());
        }
    }

    @Test
    void closingTheStreamEndsTheCall() {
        RunningServer server = served.server();
        double cancelled = server.metric(CANCELLED);
        try (InkstreamClient client = served.client()) {
            try (Stream<Page> pages = client.recognizeDocument(longDocument()).stream()) {
                assertEquals(1, pages.findFirst().orElseThrow().getPageNumber());
            }

            RunningServer.eventually(
                    "the server has let go of it", () -> server.metric(CANCELLED) > cancelled);
        }
    }

    @Test
    void aDeadlineIsKeptForADocumentAsAWhole() {
        try (InkstreamClient client = served.client().withTimeout(Duration.ofSeconds(2));
                RunningServer.Pause pause = served.server().pausedWorkers();
                DocumentPages pages = client.recognizeDocument(Documents.pdf(3, 1))) {
            InkstreamException late = assertThrows(InkstreamException.class, pages::start);

            assertEquals(Status.Code.DEADLINE_EXCEEDED, late.code());
        }
    }

    @Test
    void anInterruptedReaderWaitsNoLonger() throws Exception {
        RunningServer server = served.server();
        try (InkstreamClient client = served.client();
                RunningServer.Pause pause = server.pausedWorkers();
                DocumentPages pages = client.recognizeDocument(Documents.pdf(3, 1))) {
            CompletableFuture<Status.Code> seen = new CompletableFuture<>();
            Thread reader =
                    new Thread(
                            () -> {
                                try {
                                    pages.start();
                                } catch (InkstreamException failure) {
                                    seen.complete(failure.code());
                                }
                            });
            reader.start();

            reader.interrupt();

            assertEquals(Status.Code.CANCELLED, seen.get(150, TimeUnit.SECONDS));
        }
    }
}
