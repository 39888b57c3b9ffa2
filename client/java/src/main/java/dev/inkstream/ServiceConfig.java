package dev.inkstream;

import com.google.gson.Gson;
import com.google.gson.reflect.TypeToken;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** The service config that clients of every language ship: deadlines, retries, health checks. */
final class ServiceConfig {

    private static final String RESOURCE = "service_config.json";

    private ServiceConfig() {}

    /** As gRPC wants it: maps, lists, strings, doubles, booleans. */
    static Map<String, ?> load() {
        try (InputStream file = ServiceConfig.class.getResourceAsStream(RESOURCE);
                Reader reader = new InputStreamReader(file, StandardCharsets.UTF_8)) {
            return new Gson().fromJson(reader, new TypeToken<Map<String, Object>>() {});
        } catch (IOException unreadableJar) {
            throw new UncheckedIOException(unreadableJar);
        }
    }
}
