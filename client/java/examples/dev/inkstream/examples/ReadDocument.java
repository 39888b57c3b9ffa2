package dev.inkstream.examples;

import dev.inkstream.DocumentPages;
import dev.inkstream.InkstreamClient;
import dev.inkstream.InkstreamException;
import dev.inkstream.Sources;
import dev.inkstream.v1.Page;
import dev.inkstream.v1.TextLine;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;

/** Reads a document and prints its lines, page by page as they come. */
public final class ReadDocument {

    private ReadDocument() {}

    /** The arguments are the server's address and the file, a PDF or an image. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 2) {
            System.err.println("usage: ReadDocument TARGET FILE");
            System.exit(2);
        }
        System.exit(run(arguments[0], Path.of(arguments[1]), System.out));
    }

    /** The exit status: 0 where every page was read. */
    public static int run(String target, Path file, PrintStream out) throws IOException {
        try (InkstreamClient client = InkstreamClient.builder(target).build();
                DocumentPages pages = client.recognizeDocument(Sources.file(file))) {
            for (Page page : pages) {
                print(page, pages.start().getSelectedPageCount(), out);
            }
            return pages.end().orElseThrow().getFailedPageCount() == 0 ? 0 : 1;
        } catch (InkstreamException failure) {
            out.println(failure.getMessage());
            failure.retryDelay().ifPresent(delay -> out.println("try again in " + delay));
            return 1;
        }
    }

    private static void print(Page page, int pageCount, PrintStream out) {
        out.printf("--- page %d of %d ---%n", page.getPageNumber(), pageCount);
        if (page.hasError()) {
            out.println(page.getError().getReason() + ": " + page.getError().getMessage());
        }
        for (TextLine line : page.getLinesList()) {
            out.printf("%.2f  %s%n", line.getScore(), line.getText());
        }
    }
}
