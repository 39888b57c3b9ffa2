package dev.inkstream;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Where the product is that is tested against: {@code $INKSTREAM}, else the repository's own. */
final class Product {

    private static final Path REPOSITORY = Path.of("../..").toAbsolutePath().normalize();

    private Product() {}

    /** The command {@code inkstream}. */
    static Path executable() {
        String given = System.getenv("INKSTREAM");
        Path path = REPOSITORY.resolve(given == null ? ".venv/bin/inkstream" : given);
        if (!Files.isExecutable(path)) {
            throw new AssertionError(
                    "there is no " + path + ": run `make setup`, or name one in INKSTREAM");
        }
        return path;
    }

    /** Draws the repository's sample document, seven pages of known texts. */
    static Path makeSample() {
        Path sample = Path.of("target/sample.pdf").toAbsolutePath();
        String python = executable().resolveSibling("python").toString();
        String script = REPOSITORY.resolve("examples/make_sample.py").toString();
        run(List.of(python, script, sample.toString()));
        return sample;
    }

    /** What is written on a page of the sample, as it lies in {@code examples/texts}. */
    static List<String> sampleText(String name) {
        try {
            return Files.readAllLines(REPOSITORY.resolve("examples/texts/" + name + ".txt"));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    static void run(List<String> command) {
        try {
            int status = new ProcessBuilder(command).inheritIO().start().waitFor();
            if (status != 0) {
                throw new AssertionError(command + " ended with " + status);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }
}
