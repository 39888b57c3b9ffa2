package wiretest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestTheExampleReadsASamplePageWithTheDefaultModels(t *testing.T) {
	sample := os.Getenv("SAMPLE_PDF") // INKSTREAM_… would be a setting of the server
	if sample == "" {
		t.Skip("SAMPLE_PDF names no PDF; `make test-go` draws one")
	}
	s := serverWith(t, "--tuning", "off")
	command := exec.Command("go", "run", "../../examples/read", "-server", s.target, "-pages", "1", sample)
	command.Stderr = os.Stderr

	output, err := command.Output()

	if err != nil {
		t.Fatal(err)
	}
	text := string(output)
	if strings.Count(text, "--- ") != 1 || !strings.Contains(text, sample+", page 1\n") {
		t.Errorf("pages: %s", text)
	}
	if !strings.Contains(text, beginning(t)) {
		t.Errorf("it reads as %s", text)
	}
}

// beginning is how the text of the sample's first page begins, which no line break cuts.
func beginning(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../../examples/texts/letter.txt")
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line)
}
