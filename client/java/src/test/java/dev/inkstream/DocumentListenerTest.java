package dev.inkstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.inkstream.v1.DocumentEnd;
import dev.inkstream.v1.DocumentStart;
import dev.inkstream.v1.Page;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Documents whose pages are told to a listener. */
class DocumentListenerTest {

    @RegisterExtension static final Served served = Served.fake();

    private static final String CANCELLED =
            "inkstream_requests_total{method=\"RecognizeDocument\",reason=\"CANCELLED\"}";

    @Test
    void aListenerIsToldOfTheStartAndOfEveryPageInOrder() throws Exception {
        List<Object> told = Collections.synchronizedList(new ArrayList<>());
        DocumentListener listener =
                new DocumentListener() {
                    @Override
                    public void onStart(DocumentStart start) {
                        told.add("of " + start.getPageCount());
                    }

                    @Override
                    public void onPage(Page page) {
                        told.add(page.getPageNumber());
                    }
                };
        try (InkstreamClient client = served.client()) {
            DocumentEnd end =
                    client.recognizeDocumentAsync(
                                    Documents.request(Documents.pdf(30, 1)), listener)
                            .get(150, TimeUnit.SECONDS);

            List<Object> expected = new ArrayList<>(List.of("of 30"));
            IntStream.rangeClosed(1, 30).forEach(expected::add);
            assertEquals(expected, told);
            assertEquals(30, end.getOkPageCount());
        }
    }

    @Test
    void nothingIsToldWhileAListenerIsBusy() throws Exception {
        CountDownLatch isFirstTold = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicInteger count = new AtomicInteger();
        DocumentListener listener =
                page -> {
                    count.incrementAndGet();
                    isFirstTold.countDown();
                    await(goOn);
                };
        try (InkstreamClient client = served.client()) {
            CompletableFuture<DocumentEnd> end =
                    client.recognizeDocumentAsync(
                            Documents.request(Documents.pdf(10, 1)), listener);
            await(isFirstTold);
            RunningServer.eventually(
                    "all is read", () -> served.server().pagesInFlight() == 0);

            assertEquals(1, count.get());
            goOn.countDown();
            assertEquals(10, end.get(150, TimeUnit.SECONDS).getOkPageCount());
            assertEquals(10, count.get());
        }
    }

    @Test
    void cancellingTheFutureEndsTheCall() {
        RunningServer server = served.server();
        double cancelled = server.metric(CANCELLED);
        CountDownLatch isFirstTold = new CountDownLatch(1);
        AtomicInteger count = new AtomicInteger();
        try (InkstreamClient client = served.client()) {
            CompletableFuture<DocumentEnd> end =
                    client.recognizeDocumentAsync(
                            Documents.request(Documents.pdf(200, 8)),
                            page -> {
                                count.incrementAndGet();
                                isFirstTold.countDown();
                            });
            await(isFirstTold);

            end.cancel(true);

            RunningServer.eventually(
                    "the server has let go of it", () -> server.metric(CANCELLED) > cancelled);
            assertTrue(count.get() < 200);
        }
    }

    @Test
    void whatAListenerThrowsEndsTheCallAndIsItsFailure() {
        IllegalStateException thrown = new IllegalStateException("the listener's own");
        double cancelled = served.server().metric(CANCELLED);
        AtomicInteger count = new AtomicInteger();
        try (InkstreamClient client = served.client()) {
            CompletableFuture<DocumentEnd> end =
                    client.recognizeDocumentAsync(
                            Documents.request(Documents.pdf(200, 8)),
                            page -> {
                                count.incrementAndGet();
                                throw thrown;
                            });

            ExecutionException failed =
                    assertThrows(ExecutionException.class, () -> end.get(150, TimeUnit.SECONDS));
            assertSame(thrown, failed.getCause());
            RunningServer.eventually(
                    "the server has let go of it",
                    () -> served.server().metric(CANCELLED) > cancelled);
            assertEquals(1, count.get());
        }
    }

    @Test
    void aRefusalIsTheFuturesFailure() {
        try (InkstreamClient client = served.client()) {
            CompletableFuture<DocumentEnd> end =
                    client.recognizeDocumentAsync(
                            Documents.request(Documents.encryptedPdf()), Pages::requireRead);

            ExecutionException failed =
                    assertThrows(ExecutionException.class, () -> end.get(150, TimeUnit.SECONDS));
            assertEquals(
                    "PDF_PASSWORD_REQUIRED", ((InkstreamException) failed.getCause()).reason());
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(150, TimeUnit.SECONDS));
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }
}
