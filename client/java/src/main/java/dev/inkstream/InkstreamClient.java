package dev.inkstream;

import com.google.protobuf.MessageLite;
import dev.inkstream.v1.DocumentEnd;
import dev.inkstream.v1.GetServerInfoRequest;
import dev.inkstream.v1.GetServerInfoResponse;
import dev.inkstream.v1.LineText;
import dev.inkstream.v1.ListModelsRequest;
import dev.inkstream.v1.Model;
import dev.inkstream.v1.ModelServiceGrpc;
import dev.inkstream.v1.OcrServiceGrpc;
import dev.inkstream.v1.Page;
import dev.inkstream.v1.RecognizeDocumentRequest;
import dev.inkstream.v1.RecognizeLinesRequest;
import dev.inkstream.v1.RecognizeLinesResponse;
import dev.inkstream.v1.RecognizeRequest;
import dev.inkstream.v1.RecognizeResponse;
import dev.inkstream.v1.Source;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Reads images and documents with an Inkstream server.
 *
 * <p>Safe to share between threads. One client keeps its connections, made by the first call; make
 * one for the life of the program. Calls fail with {@link InkstreamException}. What may be tried
 * again is, as the service config says that comes with the client, but never a call that the server
 * has begun to answer. Blocking calls end when their thread is interrupted.
 */
public final class InkstreamClient implements AutoCloseable {

    private final ManagedChannel channel;
    private final CallSettings settings;

    InkstreamClient(ManagedChannel channel, CallSettings settings) {
        this.channel = channel;
        this.settings = settings;
    }

    /**
     * Begins a client of a server.
     *
     * @param target its address, {@code host:port}, or a name that gRPC resolves, such as {@code
     *     dns:///ocr.internal:50051}; calls are shared out among all addresses of a name
     */
    public static InkstreamClientBuilder builder(String target) {
        return new InkstreamClientBuilder(target);
    }

    /**
     * This client with another deadline for each of its calls as a whole. The connections are
     * shared: closing either closes both.
     */
    public InkstreamClient withTimeout(Duration timeout) {
        return new InkstreamClient(channel, settings.withTimeout(timeout));
    }

    /** Reads one image; of a file with several pages, the first. */
    public Page recognize(Source source) {
        return recognize(RecognizeRequest.newBuilder().setSource(source).build());
    }

    /** Reads one image; of a file with several pages, the first. */
    public Page recognize(RecognizeRequest request) {
        return call(request, ocr()::recognize).getPage();
    }

    /** As {@link #recognize(Source)}, without waiting; see {@link #recognizeAsync}. */
    public CompletableFuture<Page> recognizeAsync(Source source) {
        return recognizeAsync(RecognizeRequest.newBuilder().setSource(source).build());
    }

    /**
     * Reads one image, without waiting. Cancelling the future itself (not one derived of it) cancels
     * the call, and so does completing it. It fails with {@link InkstreamException}.
     */
    public CompletableFuture<Page> recognizeAsync(RecognizeRequest request) {
        Optional<InkstreamException> refusal = settings.refusalOf(request);
        if (refusal.isPresent()) {
            return CompletableFuture.failedFuture(refusal.get());
        }
        FutureAnswer<RecognizeRequest, RecognizeResponse, Page> answer =
                new FutureAnswer<>(RecognizeResponse::getPage);
        asyncOcr().recognize(request, answer);
        return answer.future();
    }

    /** Reads every page of a document. */
    public DocumentPages recognizeDocument(Source source) {
        return recognizeDocument(RecognizeDocumentRequest.newBuilder().setSource(source).build());
    }

    /**
     * Reads a document and gives its pages as each finishes. Returns at once; a failure of the call
     * is thrown where pages are asked for. To be closed.
     *
     * <p>A file that is too large for one message goes in chunks, as far as the server takes it
     * ({@code GetServerInfoResponse.max_document_bytes}).
     */
    public DocumentPages recognizeDocument(RecognizeDocumentRequest request) {
        PulledAnswers answers = new PulledAnswers();
        start(request, answers);
        return new DocumentPages(answers);
    }

    /**
     * Reads a document, as {@link #recognizeDocument} does, and tells a listener of its pages as each
     * finishes. The future is completed with the totals when all were told; cancelling it cancels
     * the call.
     */
    public CompletableFuture<DocumentEnd> recognizeDocumentAsync(
            RecognizeDocumentRequest request, DocumentListener listener) {
        PushedPages pages = new PushedPages(listener);
        start(request, pages);
        return pages.future();
    }

    /** Reads crops of one text line each; the answers are in the order of the crops. */
    public List<LineText> recognizeLines(RecognizeLinesRequest request) {
        return call(request, ocr()::recognizeLines).getLinesList();
    }

    /** Every model that is loaded, and on what. */
    public List<Model> listModels() {
        ListModelsRequest request = ListModelsRequest.getDefaultInstance();
        return call(request, models()::listModels).getModelsList();
    }

    /** The server's version, defaults and limits. */
    public GetServerInfoResponse serverInfo() {
        GetServerInfoRequest request = GetServerInfoRequest.getDefaultInstance();
        return call(request, models()::getServerInfo);
    }

    /** The connections, for stubs of {@code dev.inkstream.v1}. */
    public Channel channel() {
        return channel;
    }

    /** Ends every call that is under way, and the connections. Does not wait for that. */
    @Override
    public void close() {
        channel.shutdownNow();
    }

    private <Q extends MessageLite, A> A call(Q request, Function<Q, A> method) {
        settings.requireFits(request);
        try {
            return method.apply(request);
        } catch (StatusRuntimeException failure) {
            throw Failures.of(failure);
        }
    }

    private void start(RecognizeDocumentRequest request, DocumentAnswers answers) {
        Optional<InkstreamException> refusal = settings.refusalOf(request);
        if (refusal.isEmpty()) {
            asyncOcr().recognizeDocument(request, new WholeDocument(answers));
        } else if (request.getSource().hasContent()) {
            int limitBytes = settings.maxMessageBytes();
            asyncOcr().recognizeStream(new Upload(request, answers, limitBytes));
        } else {
            answers.onError(refusal.get());
        }
    }

    private OcrServiceGrpc.OcrServiceBlockingStub ocr() {
        return settings.on(OcrServiceGrpc.newBlockingStub(channel));
    }

    private OcrServiceGrpc.OcrServiceStub asyncOcr() {
        return settings.on(OcrServiceGrpc.newStub(channel));
    }

    private ModelServiceGrpc.ModelServiceBlockingStub models() {
        return settings.on(ModelServiceGrpc.newBlockingStub(channel));
    }
}
