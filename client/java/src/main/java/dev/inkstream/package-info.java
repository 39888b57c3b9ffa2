/**
 * The Java client of Inkstream, a gRPC OCR inference server.
 *
 * <pre>{@code
 * try (InkstreamClient client = InkstreamClient.builder("localhost:50051").build();
 *         DocumentPages pages = client.recognizeDocument(Sources.file(Path.of("report.pdf")))) {
 *     for (Page page : pages) {
 *         System.out.println(Pages.text(page));
 *     }
 * }
 * }</pre>
 *
 * <p>The messages themselves are generated from the contract into {@code dev.inkstream.v1}; their
 * comments say what every field means, its unit and its range.
 */
package dev.inkstream;
