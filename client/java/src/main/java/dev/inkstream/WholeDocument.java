package dev.inkstream;

import dev.inkstream.v1.RecognizeDocumentRequest;
import dev.inkstream.v1.RecognizeDocumentResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;

/** A document that goes in one message, and passes its answers on. */
record WholeDocument(DocumentAnswers answers)
        implements ClientResponseObserver<RecognizeDocumentRequest, RecognizeDocumentResponse> {

    @Override
    public void beforeStart(ClientCallStreamObserver<RecognizeDocumentRequest> call) {
        answers.beforeStart(call);
    }

    @Override
    public void onNext(RecognizeDocumentResponse answer) {
        answers.onNext(answer);
    }

    @Override
    public void onError(Throwable failure) {
        answers.onError(failure);
    }

    @Override
    public void onCompleted() {
        answers.onCompleted();
    }
}
