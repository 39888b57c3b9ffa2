package dev.inkstream;

import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** Turns a unary call into a future; a future that is ended by its holder ends the call. */
final class FutureAnswer<Q, A, R> implements ClientResponseObserver<Q, A> {

    private final CompletableFuture<R> future = new CompletableFuture<>();
    private final Function<A, R> reading;
    private A answer;

    /** {@code reading} takes out of the answer what the future is for. */
    FutureAnswer(Function<A, R> reading) {
        this.reading = reading;
    }

    CompletableFuture<R> future() {
        return future;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<Q> call) {
        future.whenComplete(
                (result, failure) -> {
                    if (failure != null) {
                        call.cancel("its future is over", failure);
                    }
                });
    }

    @Override
    public void onNext(A answer) {
        this.answer = answer;
    }

    @Override
    public void onError(Throwable failure) {
        future.completeExceptionally(Failures.of(failure));
    }

    @Override
    public void onCompleted() {
        if (answer == null) {
            onError(Status.INTERNAL.withDescription("the answer is missing").asException());
        } else {
            future.complete(reading.apply(answer));
        }
    }
}
