package dev.inkstream;

import dev.inkstream.v1.DocumentEnd;
import dev.inkstream.v1.RecognizeDocumentResponse;
import io.grpc.stub.ClientCallStreamObserver;
import java.util.concurrent.CompletableFuture;

/** Tells a listener of a document's pages; the next is asked for when it has taken the last. */
final class PushedPages implements DocumentAnswers {

    private final CompletableFuture<DocumentEnd> future = new CompletableFuture<>();
    private final DocumentListener listener;
    private ClientCallStreamObserver<?> call;
    private DocumentEnd end = DocumentEnd.getDefaultInstance();

    PushedPages(DocumentListener listener) {
        this.listener = listener;
    }

    /** The document's totals. Ended by its holder, it ends the call. */
    CompletableFuture<DocumentEnd> future() {
        return future;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<?> call) {
        this.call = call;
        call.disableAutoRequestWithInitial(1);
        future.whenComplete(
                (totals, failure) -> {
                    if (failure != null) {
                        call.cancel("its future is over", failure);
                    }
                });
    }

    @Override
    public void onNext(RecognizeDocumentResponse answer) {
        if (future.isDone()) {
            return; // what was under way when its holder ended it
        }
        try {
            tell(answer);
        } catch (RuntimeException | Error thrown) {
            future.completeExceptionally(thrown);
            return;
        }
        call.request(1);
    }

    @Override
    public void onError(Throwable failure) {
        future.completeExceptionally(Failures.of(failure));
    }

    @Override
    public void onCompleted() {
        future.complete(end);
    }

    private void tell(RecognizeDocumentResponse answer) {
        switch (answer.getEventCase()) {
            case START -> listener.onStart(answer.getStart());
            case PAGE -> listener.onPage(answer.getPage());
            case END -> end = answer.getEnd();
            case EVENT_NOT_SET -> {} // of a later contract
        }
    }
}
