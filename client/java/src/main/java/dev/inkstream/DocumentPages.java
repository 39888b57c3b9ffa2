package dev.inkstream;

import dev.inkstream.v1.DocumentEnd;
import dev.inkstream.v1.DocumentStart;
import dev.inkstream.v1.Page;
import dev.inkstream.v1.RecognizeDocumentResponse;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The pages of one document, as they come. To be iterated once, by one thread at a time.
 *
 * <p>Pages are fetched as they are taken: who reads slowly holds back the server, and at most two
 * pages wait on this side. A page that failed comes with its {@code error} set, and the others go
 * on; what the call as a whole failed with is thrown, as {@link InkstreamException}, where the next
 * page is asked for.
 *
 * <p>Closing cancels what the server has not done yet. Any thread may close; who still reads is then
 * told with the code {@code CANCELLED}, and so never takes a part of a document for all of it.
 */
public final class DocumentPages implements Iterable<Page>, AutoCloseable {

    private final PulledAnswers answers;
    private DocumentStart start;
    private DocumentEnd end;
    private Page next;
    private boolean isIterated;

    DocumentPages(PulledAnswers answers) {
        this.answers = answers;
    }

    /**
     * What the document is: how many pages it has, and how many of them are read. Waits for it.
     *
     * @throws InkstreamException what the call failed with
     */
    public DocumentStart start() {
        if (start == null) {
            fetch();
        }
        return start;
    }

    /** The totals; empty until every page was taken. */
    public Optional<DocumentEnd> end() {
        return Optional.ofNullable(end);
    }

    /**
     * The pages, in the order that the request asked for.
     *
     * @throws IllegalStateException the second time: the pages come once
     */
    @Override
    public Iterator<Page> iterator() {
        if (isIterated) {
            throw new IllegalStateException("a document's pages come once");
        }
        isIterated = true;
        return new PageIterator();
    }

    /** The same, as a sequential stream; closing it closes this. */
    public Stream<Page> stream() {
        int kind = Spliterator.ORDERED | Spliterator.NONNULL;
        Spliterator<Page> pages = Spliterators.spliteratorUnknownSize(iterator(), kind);
        return StreamSupport.stream(pages, false).onClose(this::close);
    }

    /** Cancels the call, unless it is over. */
    @Override
    public void close() {
        answers.cancel();
    }

    /** Sets {@code next} to the next page, or leaves it null where there is none. */
    private void fetch() {
        while (next == null) {
            RecognizeDocumentResponse answer = answers.take();
            if (answer == null) {
                return;
            }
            switch (answer.getEventCase()) {
                case START -> start = answer.getStart();
                case PAGE -> next = answer.getPage();
                case END -> end = answer.getEnd();
                case EVENT_NOT_SET -> {} // of a later contract
            }
        }
    }

    private final class PageIterator implements Iterator<Page> {

        @Override
        public boolean hasNext() {
            fetch();
            return next != null;
        }

        @Override
        public Page next() {
            if (!hasNext()) {
                throw new NoSuchElementException("the document has no further page");
            }
            Page page = next;
            next = null;
            return page;
        }
    }
}
