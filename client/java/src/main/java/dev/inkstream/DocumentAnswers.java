package dev.inkstream;

import dev.inkstream.v1.RecognizeDocumentResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.StreamObserver;

/** Takes what a document is answered with, however the document was sent. */
interface DocumentAnswers extends StreamObserver<RecognizeDocumentResponse> {

    /** The call is about to start; it is through this that answers are asked for, or given up. */
    void beforeStart(ClientCallStreamObserver<?> call);
}
