package dev.inkstream;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The server of a test class. Classes that ask for the same flags share one, which is started for
 * the first of them and stopped after the last test of all.
 */
final class Served implements BeforeAllCallback {

    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(Served.class);

    /** One that answers from pixels alone, and has small limits. */
    private static final List<String> FAKE =
            List.of(
                    "--engine=fake",
                    "--tuning=off",
                    "--model-workers=1",
                    "--cpu-workers=1",
                    "--set=models.doc_orientation=null",
                    "--set=limits.max_image_pixels=2000000",
                    "--set=limits.max_page_pixels=4000000",
                    "--set=limits.max_document_pages=200",
                    "--set=limits.max_lines=40",
                    "--set=server.max_message_bytes=4194304",
                    "--set=server.max_documents=8");

    private final List<String> flags;
    private RunningServer server;

    private Served(List<String> flags) {
        this.flags = flags;
    }

    static Served fake(String... flags) {
        return new Served(Stream.concat(FAKE.stream(), Stream.of(flags)).toList());
    }

    /** One that reads, with the default models. */
    static Served real() {
        return new Served(List.of("--tuning=off"));
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        server =
                context.getRoot()
                        .getStore(NAMESPACE)
                        .computeIfAbsent(
                                flags, RunningServer::start, RunningServer.class);
    }

    RunningServer server() {
        return server;
    }

    InkstreamClientBuilder builder() {
        return InkstreamClient.builder(server.target());
    }

    /** A client whose calls all end, also where the machine is very busy. */
    InkstreamClient client() {
        return builder().timeout(Duration.ofSeconds(150)).build();
    }
}
