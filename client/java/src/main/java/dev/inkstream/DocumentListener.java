package dev.inkstream;

import dev.inkstream.v1.DocumentStart;
import dev.inkstream.v1.Page;

/**
 * Is told of a document's pages as they come, one at a time, on the client's executor.
 *
 * <p>The next page is fetched when {@code onPage} has returned: who is slow holds back the server.
 * What a listener throws ends the call, and is what its future fails with.
 */
@FunctionalInterface
public interface DocumentListener {

    /** What the document is; once, before its pages. */
    default void onStart(DocumentStart start) {}

    /** One page: its result, or with its {@code error} set. */
    void onPage(Page page);
}
