package dev.inkstream;

import java.io.Serializable;

/**
 * A field of a request that holds what it may not hold.
 *
 * @param field its path in the request, such as {@code options.text_det_thresh}
 * @param description for people: the value, and what is allowed
 */
public record FieldViolation(String field, String description) implements Serializable {}
