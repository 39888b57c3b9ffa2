package dev.inkstream;

import dev.inkstream.v1.RecognizeDocumentResponse;
import io.grpc.stub.ClientCallStreamObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The answers to a document, taken one at a time. One more is fetched ahead; beyond that the
 * server is asked for nothing that nobody takes.
 */
final class PulledAnswers implements DocumentAnswers {

    /** How the call ended; a null {@code failure} means well. */
    private record End(Throwable failure) {}

    private final BlockingQueue<Object> arrived = new LinkedBlockingQueue<>();
    private ClientCallStreamObserver<?> call;
    private End end;

    @Override
    public void beforeStart(ClientCallStreamObserver<?> call) {
        this.call = call;
        call.disableAutoRequestWithInitial(1);
    }

    @Override
    public void onNext(RecognizeDocumentResponse answer) {
        arrived.add(answer);
    }

    @Override
    public void onError(Throwable failure) {
        arrived.add(new End(failure));
    }

    @Override
    public void onCompleted() {
        arrived.add(new End(null));
    }

    /**
     * The next answer, waited for; null where the call has ended well. To be called by one thread
     * at a time.
     */
    RecognizeDocumentResponse take() {
        if (end == null) {
            Object next = waited();
            if (next instanceof RecognizeDocumentResponse answer) {
                call.request(1);
                return answer;
            }
            end = (End) next;
        }
        if (end.failure() != null) {
            throw Failures.of(end.failure());
        }
        return null;
    }

    /** Cancels the call, unless it is over. Any thread may. */
    void cancel() {
        if (call != null) { // null: it was refused before there was a call
            call.cancel("given up by its reader", null);
        }
    }

    private Object waited() {
        try {
            return arrived.take();
        } catch (InterruptedException interrupted) {
            cancel();
            Thread.currentThread().interrupt();
            throw Failures.interrupted(interrupted);
        }
    }
}
