package dev.inkstream;

import com.google.protobuf.ByteString;
import dev.inkstream.v1.DocumentChunk;
import dev.inkstream.v1.DocumentHeader;
import dev.inkstream.v1.RecognizeDocumentRequest;
import dev.inkstream.v1.RecognizeDocumentResponse;
import dev.inkstream.v1.RecognizeStreamRequest;
import dev.inkstream.v1.RecognizeStreamResponse;
import dev.inkstream.v1.Source;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;

/**
 * A document that goes in chunks, as fast as the server takes them, and passes its answers on as if
 * it had gone in one message.
 */
final class Upload
        implements ClientResponseObserver<RecognizeStreamRequest, RecognizeStreamResponse> {

    private static final int CHUNK_BYTES = 512 << 10;
    private static final String DOCUMENT_ID = "document"; // the only one of its call

    private final RecognizeDocumentRequest request;
    private final DocumentAnswers answers;
    private final int chunkBytes;
    private ClientCallStreamObserver<RecognizeStreamRequest> call;
    private boolean hasHeader;
    private int sentBytes;
    private boolean isSent;

    /** {@code maxMessageBytes} is the limit that the request as a whole is over. */
    Upload(RecognizeDocumentRequest request, DocumentAnswers answers, int maxMessageBytes) {
        this.request = request;
        this.answers = answers;
        this.chunkBytes = Math.max(1, Math.min(CHUNK_BYTES, maxMessageBytes / 2));
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<RecognizeStreamRequest> call) {
        this.call = call;
        call.setOnReadyHandler(this::send);
        answers.beforeStart(call);
    }

    @Override
    public void onNext(RecognizeStreamResponse answer) {
        if (answer.hasEnd() && answer.getEnd().hasError()) {
            answers.onError(Failures.of(answer.getEnd().getError()));
            return;
        }
        RecognizeDocumentResponse.Builder event = RecognizeDocumentResponse.newBuilder();
        switch (answer.getEventCase()) {
            case START -> event.setStart(answer.getStart());
            case PAGE -> event.setPage(answer.getPage());
            case END -> event.setEnd(answer.getEnd());
            case EVENT_NOT_SET -> {} // of a later contract
        }
        answers.onNext(event.build());
    }

    @Override
    public void onError(Throwable failure) {
        answers.onError(failure);
    }

    @Override
    public void onCompleted() {
        answers.onCompleted();
    }

    /** Sends until gRPC has enough for now; it calls again when it has room, never twice at once. */
    private void send() {
        while (call.isReady() && !isSent) {
            call.onNext(hasHeader ? chunk() : header());
            hasHeader = true;
            if (isSent) {
                call.onCompleted();
            }
        }
    }

    private RecognizeStreamRequest header() {
        Source password =
                Source.newBuilder().setPassword(request.getSource().getPassword()).build();
        DocumentHeader.Builder header =
                DocumentHeader.newBuilder()
                        .setDocumentId(DOCUMENT_ID)
                        .setSource(password)
                        .setPages(request.getPages())
                        .setOrder(request.getOrder());
        if (request.hasOptions()) {
            header.setOptions(request.getOptions());
        }
        return RecognizeStreamRequest.newBuilder().setHeader(header).build();
    }

    private RecognizeStreamRequest chunk() {
        ByteString content = request.getSource().getContent();
        int end = Math.min(sentBytes + chunkBytes, content.size());
        ByteString part = content.substring(sentBytes, end); // shares its bytes
        sentBytes = end;
        isSent = end == content.size();
        return RecognizeStreamRequest.newBuilder()
                .setChunk(
                        DocumentChunk.newBuilder()
                                .setDocumentId(DOCUMENT_ID)
                                .setData(part)
                                .setLast(isSent))
                .build();
    }
}
