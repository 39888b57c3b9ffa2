package dev.inkstream;

import dev.inkstream.v1.Page;
import dev.inkstream.v1.TextLine;
import java.util.stream.Collectors;

/** What is asked of a page again and again. */
public final class Pages {

    private Pages() {}

    /** The texts of all lines in reading order, one a line. */
    public static String text(Page page) {
        return page.getLinesList().stream()
                .map(TextLine::getText)
                .collect(Collectors.joining("\n"));
    }

    /**
     * The page itself, where it was read. A page without text is one that was read.
     *
     * @throws InkstreamException what this page failed with
     */
    public static Page requireRead(Page page) {
        if (page.hasError()) {
            throw Failures.of(page.getError());
        }
        return page;
    }
}
