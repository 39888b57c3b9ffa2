package dev.inkstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.inkstream.v1.LineText;
import dev.inkstream.v1.Page;
import dev.inkstream.v1.RawImage;
import dev.inkstream.v1.RecognizeLinesRequest;
import dev.inkstream.v1.RecognizeOptions;
import dev.inkstream.v1.RecognizeRequest;
import dev.inkstream.v1.Source;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Single images and lines, blocking and not. */
class RecognizeTest {

    @RegisterExtension static final Served served = Served.fake();

    private static final Duration SHORT = Duration.ofSeconds(1);

    @Test
    void anImageIsReadWhileItsCallerWaits() {
        try (InkstreamClient client = served.client()) {
            Page page = client.recognize(Documents.picture(3));

            assertEquals(3, page.getLinesCount());
            assertEquals(480, page.getWidth());
            assertEquals(3, Pages.text(page).lines().count());
        }
    }

    @Test
    void anImageReadsTheSameWithoutWaiting() throws Exception {
        Source source = Documents.picture(3);
        try (InkstreamClient client = served.client()) {
            List<CompletableFuture<Page>> answers =
                    IntStream.range(0, 6).mapToObj(n -> client.recognizeAsync(source)).toList();

            String expected = Pages.text(client.recognize(source));
            for (CompletableFuture<Page> answer : answers) {
                assertEquals(expected, Pages.text(answer.get(150, TimeUnit.SECONDS)));
            }
        }
    }

    @Test
    void optionsReachTheServer() {
        RecognizeRequest request =
                RecognizeRequest.newBuilder()
                        .setSource(Documents.picture(1))
                        .setOptions(RecognizeOptions.newBuilder().setTextDetThresh(0.25f))
                        .build();
        try (InkstreamClient client = served.client()) {
            Page page = client.recognize(request);

            assertEquals(0.25f, page.getSettings().getTextDetThresh());
        }
    }

    @Test
    void pixelsAreReadAsTheyAre() {
        RawImage white =
                RawImage.newBuilder()
                        .setHeight(20)
                        .setWidth(30)
                        .setChannels(1)
                        .setData(ByteString.copyFrom(new byte[600]))
                        .build();
        try (InkstreamClient client = served.client()) {
            Page page = client.recognize(Source.newBuilder().setRaw(white).build());

            assertEquals(30, page.getWidth());
            assertEquals(20, page.getHeight());
        }
    }

    @Test
    void linesAreAnsweredInTheirOrderAndFailAlone() {
        RecognizeLinesRequest request =
                RecognizeLinesRequest.newBuilder()
                        .addLines(Documents.picture(200, 48, 1))
                        .addLines(Sources.bytes("no picture".getBytes()))
                        .build();
        try (InkstreamClient client = served.client()) {
            List<LineText> lines = client.recognizeLines(request);

            assertEquals(2, lines.size());
            assertFalse(lines.get(0).hasError());
            assertEquals("UNSUPPORTED_MEDIA_TYPE", lines.get(1).getError().getReason());
        }
    }

    @Test
    void theServerTellsItsLimitsAndModels() {
        try (InkstreamClient client = served.client()) {
            assertEquals(4 << 20, client.serverInfo().getMaxMessageBytes());
            assertEquals(200, client.serverInfo().getMaxDocumentPages());
            assertTrue(
                    client.listModels().stream()
                            .anyMatch(model -> model.getModule().equals("text_recognition")));
        }
    }

    @Test
    void aDeadlineIsKept() {
        try (InkstreamClient client = served.client();
                RunningServer.Pause pause = served.server().pausedWorkers()) {
            InkstreamException late =
                    assertThrows(
                            InkstreamException.class,
                            () -> client.withTimeout(SHORT).recognize(Documents.picture(1)));

            assertEquals(Status.Code.DEADLINE_EXCEEDED, late.code());
        }
    }

    @Test
    void aDeadlineIsKeptWithoutWaiting() {
        try (InkstreamClient client = served.client();
                RunningServer.Pause pause = served.server().pausedWorkers()) {
            CompletableFuture<Page> answer =
                    client.withTimeout(SHORT).recognizeAsync(Documents.picture(1));

            ExecutionException late =
                    assertThrows(ExecutionException.class, () -> answer.get(150, TimeUnit.SECONDS));
            assertEquals(
                    Status.Code.DEADLINE_EXCEEDED, ((InkstreamException) late.getCause()).code());
        }
    }

    @Test
    void cancellingTheFutureCancelsTheCall() {
        RunningServer server = served.server();
        try (InkstreamClient client = served.client()) {
            try (RunningServer.Pause pause = server.pausedWorkers()) {
                CompletableFuture<Page> answer = client.recognizeAsync(Documents.picture(1));
                RunningServer.eventually("it is inside", () -> server.pagesInFlight() == 1);

                answer.cancel(true);

                RunningServer.eventually(
                        "the server has let go of it", () -> server.pagesInFlight() == 0);
            }
        }
    }

    @Test
    void anInterruptedThreadWaitsNoLonger() throws Exception {
        try (InkstreamClient client = served.client();
                RunningServer.Pause pause = served.server().pausedWorkers()) {
            CompletableFuture<Status.Code> seen = new CompletableFuture<>();
            Thread reader =
                    new Thread(
                            () -> {
                                try {
                                    client.recognize(Documents.picture(1));
                                } catch (InkstreamException failure) {
                                    seen.complete(failure.code());
                                }
                            });
            reader.start();
            RunningServer.eventually(
                    "it is inside", () -> served.server().pagesInFlight() == 1);

            reader.interrupt();

            assertEquals(Status.Code.CANCELLED, seen.get(150, TimeUnit.SECONDS));
        }
    }
}
