package dev.inkstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.inkstream.examples.ReadDocument;
import dev.inkstream.v1.Page;
import dev.inkstream.v1.PageSelection;
import dev.inkstream.v1.RecognizeDocumentRequest;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A real document, read by the real models. */
class RealTextsTest {

    @RegisterExtension static final Served served = Served.real();

    private static Path sample;

    @BeforeAll
    static void makeSample() {
        sample = Product.makeSample();
    }

    @Test
    void theTextsOfTheSampleAreRead() throws Exception {
        RecognizeDocumentRequest request =
                RecognizeDocumentRequest.newBuilder()
                        .setSource(Sources.file(sample))
                        .setPages(PageSelection.newBuilder().setRanges("6-7"))
                        .build();
        try (InkstreamClient client = served.client();
                DocumentPages pages = client.recognizeDocument(request)) {
            List<Page> read = pages.stream().map(Pages::requireRead).toList();

            assertEquals(List.of(6, 7), read.stream().map(Page::getPageNumber).toList());
            assertReads(Product.sampleText("notice"), read.get(0));
            assertReads(Product.sampleText("slide"), read.get(1));
        }
    }

    @Test
    void theExamplePrintsWhatItReads() throws Exception {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);

        int status = ReadDocument.run(served.server().target(), sample, out);

        String text = printed.toString(StandardCharsets.UTF_8);
        assertEquals(0, status);
        for (int number = 1; number <= 7; number++) {
            assertTrue(text.contains("--- page " + number + " of 7 ---"), text);
        }
        assertTrue(text.contains("Harbour Lane Bindery"), text);
    }

    /** Lines of the sample are written as font size, bar, text. Spaces are what models slip on. */
    private static void assertReads(List<String> written, Page page) {
        String expected =
                String.join("", written.stream().map(line -> line.split("\\|", 2)[1]).toList());
        String seen = Pages.text(page);

        assertEquals(withoutSpaces(expected), withoutSpaces(seen));
    }

    private static String withoutSpaces(String text) {
        return text.replaceAll("\\s", "");
    }
}
