package wiretest

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"google.golang.org/protobuf/proto"

	"inkstream.dev/go/inkstream"
)

// pageNumbers reads a document to its end; no page may fail.
func pageNumbers(t *testing.T, document *inkstream.Document) []int32 {
	t.Helper()
	var numbers []int32
	for page, err := range document.Pages() {
		if err != nil {
			t.Fatal(err)
		}
		if len(page.GetLines()) == 0 {
			t.Errorf("nothing was read on page %d", page.GetPageNumber())
		}
		numbers = append(numbers, page.GetPageNumber())
	}
	return numbers
}

func upTo(last int32) []int32 {
	var numbers []int32
	for number := int32(1); number <= last; number++ {
		numbers = append(numbers, number)
	}
	return numbers
}

func TestAnImageIsReadFromBytesAFileAReaderAndPixelsAlike(t *testing.T) {
	client, ctx := sharedClient(t), callContext(t)
	img := picture(480, 120)
	content := encoded(t, img)
	path := filepath.Join(t.TempDir(), "page.png")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	texts := map[string]bool{}
	for _, source := range []inkstream.Source{
		inkstream.Bytes(content),
		inkstream.File(path),
		inkstream.Reader(iotest.OneByteReader(bytes.NewReader(content))),
		inkstream.Pixels(img),
	} {
		page, err := client.Recognize(ctx, source, nil)
		if err != nil {
			t.Fatal(err)
		}
		if page.GetWidth() != 480 || page.GetHeight() != 120 {
			t.Errorf("the page has %d x %d pixels", page.GetWidth(), page.GetHeight())
		}
		texts[inkstream.Text(page)] = true
	}

	if len(texts) != 1 || texts[""] {
		t.Errorf("read as %v", texts)
	}
}

func TestOptionsReachTheServerAlsoWhereTheyAreZero(t *testing.T) {
	client, ctx := sharedClient(t), callContext(t)
	options := &inkstream.Options{TextDetThresh: proto.Float32(0), TextDetLimitSideLen: proto.Int32(640)}

	page, err := client.Recognize(ctx, inkstream.Bytes(encoded(t, picture(480, 120))), options)

	if err != nil {
		t.Fatal(err)
	}
	settings := page.GetSettings()
	if settings.GetTextDetThresh() != 0 || settings.GetTextDetLimitSideLen() != 640 {
		t.Errorf("read with %v", settings)
	}
}

func TestPagesComeInTheDocumentsOrder(t *testing.T) {
	client, ctx := sharedClient(t), callContext(t)
	document := client.RecognizeDocument(ctx, inkstream.Bytes(pdf(12, 0)), nil)

	numbers := pageNumbers(t, document)

	if !slices.Equal(numbers, upTo(12)) {
		t.Errorf("pages came as %v", numbers)
	}
	if document.Start().GetPageCount() != 12 || document.Start().GetMediaType() != "application/pdf" {
		t.Errorf("it started with %v", document.Start())
	}
	if document.End().GetOkPageCount() != 12 {
		t.Errorf("it ended with %v", document.End())
	}
}

func TestOnlySelectedPagesAreReadAndComeAsTheyAreDoneWhereThatIsWanted(t *testing.T) {
	client, ctx := sharedClient(t), callContext(t)
	options := &inkstream.DocumentOptions{Pages: "2-4,9-", Order: inkstream.OrderCompletion}

	numbers := pageNumbers(t, client.RecognizeDocument(ctx, inkstream.Bytes(pdf(10, 0)), options))

	slices.Sort(numbers)
	if want := []int32{2, 3, 4, 9, 10}; !slices.Equal(numbers, want) {
		t.Errorf("read pages %v, not %v", numbers, want)
	}
}

func TestPagesAreDrawnAtTheResolutionThatIsAskedFor(t *testing.T) {
	client, ctx := sharedClient(t), callContext(t)
	options := &inkstream.DocumentOptions{DPI: 216} // of 300 points, three pixels each

	for page, err := range client.RecognizeDocument(ctx, inkstream.Bytes(pdf(1, 0)), options).Pages() {
		if err != nil || page.GetWidth() != 900 {
			t.Errorf("the page is %d pixels wide, %v", page.GetWidth(), err)
		}
	}
}

func TestADocumentOverTheMessageLimitIsSentInParts(t *testing.T) {
	client, ctx := sharedClient(t, inkstream.WithMaxMessageBytes(256<<10)), callContext(t)
	content := pdf(3, 6<<20) // more than one message of the server, too

	document := client.RecognizeDocument(
		inkstream.WithRequestID(ctx, "in-parts"), inkstream.Reader(bytes.NewReader(content)), nil)
	numbers := pageNumbers(t, document)

	if !slices.Equal(numbers, upTo(3)) || document.End().GetOkPageCount() != 3 {
		t.Errorf("pages %v, end %v", numbers, document.End())
	}
	server, _ := shared()
	server.eventuallyLogs(t, "method=RecognizeStream request=in-parts reason=OK")
}

func TestADocumentsPagesComeOnce(t *testing.T) {
	client, ctx := sharedClient(t), callContext(t)
	document := client.RecognizeDocument(ctx, inkstream.Bytes(pdf(1, 0)), nil)
	pageNumbers(t, document)

	for _, err := range document.Pages() {
		if !errors.Is(err, inkstream.ErrReadTwice) {
			t.Errorf("the second time: %v", err)
		}
	}
}

func TestAFileThatIsNotThereIsToldAsTheSystemTellsIt(t *testing.T) {
	client, ctx := sharedClient(t), callContext(t)
	missing := inkstream.File(filepath.Join(t.TempDir(), "missing.pdf"))

	_, err := client.Recognize(ctx, missing, nil)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("as an image: %v", err)
	}
	for _, err := range client.RecognizeDocument(ctx, missing, nil).Pages() {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("as a document: %v", err)
		}
	}
}

func TestAReaderThatFailsHalfWayIsTheDocumentsFailure(t *testing.T) {
	client, ctx := sharedClient(t, inkstream.WithMaxMessageBytes(256<<10)), callContext(t)
	torn := errors.New("the disk is gone")
	source := inkstream.Reader(io.MultiReader(bytes.NewReader(pdf(1, 2<<20)), iotest.ErrReader(torn)))

	var failures []error
	for _, err := range client.RecognizeDocument(ctx, source, nil).Pages() {
		failures = append(failures, err)
	}

	if len(failures) != 1 || !errors.Is(failures[0], torn) {
		t.Errorf("it failed with %v", failures)
	}
}

func TestManyDocumentsGoOnOneCallAndOneThatFailsFailsAlone(t *testing.T) {
	client, ctx := sharedClient(t), callContext(t)
	documents := slices.Values([]inkstream.InputDocument{
		{ID: "book", Source: inkstream.Bytes(pdf(5, 1<<20))},
		{ID: "missing", Source: inkstream.File(filepath.Join(t.TempDir(), "missing.pdf"))},
		{ID: "rubbish", Source: inkstream.Bytes([]byte("no picture at all"))},
		{ID: "nothing", Source: inkstream.Source{}},
		{ID: "letter", Source: inkstream.Bytes(lockedPDF).WithPassword("pw")},
		{ID: "pixels", Source: inkstream.Pixels(picture(300, 90))},
	})

	pages, ends := map[string]int{}, map[string]error{}
	for event, err := range client.RecognizeStream(ctx, documents) {
		if err != nil {
			t.Fatal(err)
		}
		if event.Page != nil {
			pages[event.DocumentID]++
		}
		if event.End != nil {
			ends[event.DocumentID] = event.Err()
		}
	}

	if pages["book"] != 5 || pages["letter"] != 1 || pages["pixels"] != 1 || len(pages) != 3 {
		t.Errorf("pages: %v", pages)
	}
	for id, want := range map[string]error{
		"book": nil, "letter": nil, "pixels": nil, "missing": os.ErrNotExist,
		"rubbish": inkstream.ReasonUnsupportedMediaType, "nothing": inkstream.ReasonEmptyInput,
	} {
		if got, hasEnded := ends[id]; !hasEnded || !errors.Is(got, want) {
			t.Errorf("%s ended with %v, not %v", id, got, want)
		}
	}
}

func TestLinesAreReadInOrderAndOneThatFailsFailsAlone(t *testing.T) {
	client, ctx := sharedClient(t), callContext(t)
	crops := []inkstream.Source{
		inkstream.Pixels(picture(300, 48)),
		inkstream.Bytes([]byte("no picture at all")),
		inkstream.Bytes(encoded(t, picture(600, 48))),
	}

	lines, err := client.RecognizeLines(ctx, crops, nil)

	if err != nil || len(lines) != 3 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if len(lines[0].GetText()) >= len(lines[2].GetText()) || inkstream.LineError(lines[0]) != nil {
		t.Errorf("read as %q and %q", lines[0].GetText(), lines[2].GetText())
	}
	if !errors.Is(inkstream.LineError(lines[1]), inkstream.ReasonUnsupportedMediaType) {
		t.Errorf("the second line failed with %v", inkstream.LineError(lines[1]))
	}
}

func TestTheServerTellsItsModelsAndLimits(t *testing.T) {
	client, ctx := sharedClient(t), callContext(t)

	models, err := client.ListModels(ctx)
	if err != nil {
		t.Fatal(err)
	}
	info, err := client.ServerInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}

	if !slices.ContainsFunc(models, func(m *inkstream.Model) bool { return m.GetModule() == "text_recognition" }) {
		t.Errorf("models: %v", models)
	}
	if info.GetMaxMessageBytes() != 4<<20 || !strings.Contains(info.GetVersion(), ".") {
		t.Errorf("info: %v", info)
	}
}
