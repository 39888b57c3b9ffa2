package dev.inkstream;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.inkstream.v1.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes sources of what a program has; a password or raw pixels are set on {@link Source} itself. */
public final class Sources {

    private Sources() {}

    /** An encoded file: an image, a multi-page TIFF, a PDF. It is read as a whole, here and now. */
    public static Source file(Path path) throws IOException {
        // Nobody else has this array.
        return content(UnsafeByteOperations.unsafeWrap(Files.readAllBytes(path)));
    }

    /** The bytes of an encoded file, which are copied. */
    public static Source bytes(byte[] content) {
        return content(ByteString.copyFrom(content));
    }

    /** An http(s) URL that the server fetches, where it allows the host. */
    public static Source url(String url) {
        return Source.newBuilder().setUri(url).build();
    }

    private static Source content(ByteString content) {
        return Source.newBuilder().setContent(content).build();
    }
}
