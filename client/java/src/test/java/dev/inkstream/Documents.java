package dev.inkstream;

import com.google.protobuf.ByteString;
import dev.inkstream.v1.RecognizeDocumentRequest;
import dev.inkstream.v1.Source;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/** Inputs with something to read on them, made by the tests themselves. */
final class Documents {

    /** Entries of an encrypted PDF whose password is none that a test knows. */
    private static final String ENCRYPTION =
            "/Encrypt << /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <%1$s> /U <%1$s> >>"
                    + " /ID [<00> <00>]";

    private Documents() {}

    /** A PNG with a line of black marks under the other. */
    static Source picture(int lineCount) {
        return picture(480, 60 * (lineCount + 1), lineCount);
    }

    static Source picture(int widthPx, int heightPx, int lineCount) {
        BufferedImage image = new BufferedImage(widthPx, heightPx, BufferedImage.TYPE_INT_RGB);
        Graphics2D pen = image.createGraphics();
        pen.setColor(Color.WHITE);
        pen.fillRect(0, 0, widthPx, heightPx);
        pen.setColor(Color.BLACK);
        for (int line = 1; line <= lineCount; line++) {
            for (int mark = 0; mark < 8; mark++) {
                pen.fillRect(20 + 18 * mark, 60 * line - 24, 6 + mark % 3, 24);
            }
        }
        pen.dispose();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", file);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return Sources.bytes(file.toByteArray());
    }

    /** A PDF whose every page has so many lines, the first of which tells its number. */
    static Source pdf(int pageCount, int lineCount) {
        return pdf(pageCount, lineCount, 300, 40 + 30 * lineCount, "", "");
    }

    /** A PDF of which most is an object that nothing refers to. */
    static Source largePdf(int pageCount, int fillingBytes) {
        return pdf(pageCount, 1, 300, 70, "", "x".repeat(fillingBytes));
    }

    static Source encryptedLargePdf(int fillingBytes) {
        return pdf(1, 1, 300, 70, encryption(), "x".repeat(fillingBytes));
    }

    static Source largePage() {
        return pdf(1, 1, 1000, 1000, "", "");
    }

    static Source encryptedPdf() {
        return encryptedLargePdf(0);
    }

    static RecognizeDocumentRequest request(Source source) {
        return RecognizeDocumentRequest.newBuilder().setSource(source).build();
    }

    private static String encryption() {
        return ENCRYPTION.formatted("5a".repeat(32));
    }

    private static Source pdf(
            int pageCount,
            int lineCount,
            int widthPt,
            int heightPt,
            String trailer,
            String filling) {
        List<String> objects = new ArrayList<>();
        String kids =
                String.join(
                        " ",
                        IntStream.range(0, pageCount).mapToObj(n -> (4 + 2 * n) + " 0 R").toList());
        objects.add("<< /Type /Catalog /Pages 2 0 R >>");
        objects.add("<< /Type /Pages /Count %d /Kids [%s] >>".formatted(pageCount, kids));
        objects.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
        for (int number = 1; number <= pageCount; number++) {
            String text = text(number, lineCount, heightPt);
            objects.add(
                    ("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R"
                                    + " /Resources << /Font << /F 3 0 R >> >> >>")
                            .formatted(widthPt, heightPt, objects.size() + 2));
            objects.add("<< /Length %d >>\nstream\n%s\nendstream".formatted(text.length(), text));
        }
        objects.add("<< /Length %d >>\nstream\n%s\nendstream".formatted(filling.length(), filling));
        return Source.newBuilder().setContent(file(objects, trailer)).build();
    }

    private static String text(int pageNumber, int lineCount, int heightPt) {
        StringBuilder text = new StringBuilder("BT /F 24 Tf 30 TL 20 " + (heightPt - 40) + " Td");
        for (int line = 0; line < lineCount; line++) {
            text.append(" (page %d line %d) Tj T*".formatted(pageNumber, line));
        }
        return text.append(" ET").toString();
    }

    private static ByteString file(List<String> objects, String trailer) {
        StringBuilder file = new StringBuilder("%PDF-1.4\n");
        StringBuilder places = new StringBuilder();
        for (int number = 1; number <= objects.size(); number++) {
            places.append("%010d 00000 n \n".formatted(file.length()));
            file.append("%d 0 obj\n%s\nendobj\n".formatted(number, objects.get(number - 1)));
        }
        int tableAt = file.length();
        int size = objects.size() + 1;
        file.append("xref\n0 %d\n0000000000 65535 f \n%s".formatted(size, places));
        file.append("trailer\n<< /Size %d /Root 1 0 R %s >>\n".formatted(size, trailer));
        file.append("startxref\n%d\n%%%%EOF\n".formatted(tableAt));
        return ByteString.copyFrom(file.toString(), StandardCharsets.ISO_8859_1);
    }
}
