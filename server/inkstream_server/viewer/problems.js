// Says what went wrong, and what to do about it. Each reason is one of docs/errors.md, or one of two of its own.

/** A failure as the page tells it. `afterS`: when to try again; `field`: the option to mend. */
export class Problem extends Error {
  constructor({ message, reason, status = 0, afterS = null, field = "" }) {
    super(message.charAt(0).toUpperCase() + message.slice(1));
    this.reason = reason;
    this.status = status;
    this.afterS = afterS;
    this.field = field;
  }

  get advice() {
    if (this.afterS !== null) return `Try again in about ${this.afterS} s.`;
    return ADVICE[this.reason] ?? "";
  }

  /** Whether the same request may succeed another time. */
  get mayPass() {
    return this.afterS !== null || PASSING.has(this.reason);
  }

  /** Whether it may with other options. */
  get isMendable() {
    return MENDABLE.has(this.reason);
  }

  get asksForPassword() {
    return this.reason === "PDF_PASSWORD_REQUIRED" || this.reason === "PDF_PASSWORD_WRONG";
  }
}

const ASK_OPERATOR = "It is the server's fault. Its log has the cause under the request's id.";
const OTHER_COPY = "Open the file where it comes from, save it again, and try that.";
const SMALLER = "Send a smaller file, or fewer pages of it.";

const ADVICE = {
  UNSUPPORTED_MEDIA_TYPE: "Send a PDF, or a PNG, JPEG, TIFF, WebP, BMP, GIF, JPEG 2000 or AVIF picture.",
  EMPTY_INPUT: "The file is empty. Choose another one.",
  DOCUMENT_EMPTY: "The document has no page. Choose another one.",
  IMAGE_DAMAGED: OTHER_COPY,
  PDF_DAMAGED: OTHER_COPY,
  IMAGE_TOO_LARGE: "Send the picture with fewer pixels.",
  PAGE_TOO_LARGE: "Lower the resolution under Options.",
  CONTENT_TOO_LARGE: SMALLER,
  TOO_MANY_PAGES: "Name fewer pages under Options, such as 1-100.",
  PDF_PASSWORD_REQUIRED: "The PDF is locked. Its password opens it.",
  PDF_PASSWORD_WRONG: "That password does not open the PDF.",
  INVALID_FIELD: "Mend that option, and try again.",
  MODULE_NOT_SERVED: "Set that option to “As the server does”.",
  STARTING_UP: "The server is warming up. Try again in a few seconds.",
  SHUTTING_DOWN: "The server is being stopped. Try again in a minute.",
  UPLOAD_STALLED: "The file came too slowly. Try again.",
  PAGE_TIMEOUT: "The page took too long. Lower the resolution under Options, or leave the page out.",
  WORKER_CRASHED: ASK_OPERATOR,
  INTERNAL: ASK_OPERATOR,
  UNREACHABLE: "Look whether the server runs and the network is there, then try again.",
  BROKEN_OFF: "What was read is kept. The rest can be read now.",
};

const PASSING = new Set([
  "STARTING_UP", "SHUTTING_DOWN", "UPLOAD_STALLED", "INTERNAL", "UNREACHABLE", "BROKEN_OFF",
]);

const MENDABLE = new Set([
  "INVALID_FIELD", "MODULE_NOT_SERVED", "TOO_MANY_PAGES", "PAGE_TOO_LARGE", "PAGE_TIMEOUT",
]);
