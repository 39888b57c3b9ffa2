package dev.inkstream;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * {@code inkstream serve} as its users run it: a process of its own, reached over real sockets on
 * free ports. Closing stops it, and fails where it was not well.
 */
final class RunningServer implements AutoCloseable {

    private static final Duration START = Duration.ofSeconds(180);
    private static final Duration STOP = Duration.ofSeconds(60);
    private static final Pattern LISTENING =
            Pattern.compile("listening: gRPC on port (\\d+), HTTP on port (\\d+)");
    private static final String SERVING = "serving, ";
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Process process;
    private final Path log;
    private final int grpcPort;
    private final int httpPort;

    private RunningServer(Process process, Path log, Matcher ports) {
        this.process = process;
        this.log = log;
        this.grpcPort = Integer.parseInt(ports.group(1));
        this.httpPort = Integer.parseInt(ports.group(2));
    }

    /** Returns when it serves. */
    static RunningServer start(List<String> flags) {
        List<String> command = new ArrayList<>(List.of(Product.executable().toString(), "serve"));
        command.addAll(List.of("--host", "127.0.0.1", "--port", "0", "--http-port", "0"));
        command.addAll(flags);
        try {
            Path log = Files.createTempFile(Path.of("target"), "server-", ".log");
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            Process process = builder.redirectOutput(log.toFile()).start();
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroy)); // Ctrl-C
            return new RunningServer(process, log, portsOf(process, log));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    String target() {
        return "127.0.0.1:" + grpcPort;
    }

    /** The sum of the metrics whose name and labels begin so; 0 where there is none yet. */
    double metric(String lineStart) {
        URI metrics = URI.create("http://127.0.0.1:" + httpPort + "/metrics");
        try {
            HttpResponse<Stream<String>> answer =
                    HTTP.send(
                            HttpRequest.newBuilder(metrics).build(),
                            HttpResponse.BodyHandlers.ofLines());
            return answer.body()
                    .filter(line -> line.startsWith(lineStart))
                    .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                    .sum();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    int pagesInFlight() {
        return (int) metric("inkstream_pages_in_flight ");
    }

    /** Its workers stand still until the answer is closed: calls hang for as long as a test likes. */
    Pause pausedWorkers() {
        List<String> workers = process.children().map(each -> "" + each.pid()).toList();
        signal("-STOP", workers);
        return () -> signal("-CONT", workers);
    }

    /** What ends a pause. */
    interface Pause extends AutoCloseable {
        @Override
        void close();
    }

    /** Waits for what happens in another process; of that nothing tells. */
    static void eventually(String what, BooleanSupplier condition) {
        long giveUpAt = System.nanoTime() + Duration.ofSeconds(150).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > giveUpAt) {
                throw new AssertionError("it did not come true: " + what);
            }
            sleep(Duration.ofMillis(20));
        }
    }

    static void sleep(Duration duration) {
        try {
            Thread.sleep(duration.toMillis());
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    /** As a service manager does. */
    @Override
    public void close() throws IOException, InterruptedException {
        process.destroy();
        try {
            if (!process.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("the server still runs, see " + log);
            }
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        if (process.exitValue() != 0 || Files.readString(log).contains("Traceback")) {
            throw new AssertionError(
                    "the server ended with " + process.exitValue() + ", see " + log);
        }
    }

    private static Matcher portsOf(Process process, Path log) throws IOException {
        long giveUpAt = System.nanoTime() + START.toNanos();
        while (System.nanoTime() < giveUpAt && process.isAlive()) {
            String text = Files.readString(log);
            Matcher listening = LISTENING.matcher(text);
            if (listening.find() && text.contains(SERVING)) {
                return listening;
            }
            sleep(Duration.ofMillis(50));
        }
        process.destroyForcibly();
        throw new AssertionError("the server does not serve:\n" + Files.readString(log));
    }

    private static void signal(String signal, List<String> pids) {
        List<String> command = new ArrayList<>(List.of("kill", signal));
        command.addAll(pids);
        Product.run(command);
    }
}
