package daemon

import (
	"bytes"
	"strings"
	"testing"
)

func TestMistakenArgumentsAreToldWithWhatWasMeant(t *testing.T) {
	for _, c := range []struct{ name, args, want string }{
		{"misspelt flag", "-confg x.toml", `run: there is no flag -confg; did you mean -config FILE?`},
		{"other flag", "check -c x.toml", `check: there is no flag -c; did you mean -config FILE?`},
		{"flag without a file", "check -config", "flag needs an argument"},
		{"file without the flag", "check foo.toml", `unexpected argument "foo.toml"; did you mean -config foo.toml?`},
		{"file without a command", "etc/foo.conf", `did you mean sidecar run -config etc/foo.conf?`},
		{"two commands", "run check", `run: unexpected argument "check"; only -config FILE may follow`},
		{"misspelt command", "chekc -config x.toml", `unknown command "chekc"; did you mean "check"?`},
		{"no command", "frobnicate", "unknown command \"frobnicate\"\n"},
		{"no file", "check -config /no/such.toml", "no such file or directory: name a file with -config FILE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, err bytes.Buffer
			code := Main(strings.Fields(c.args), &out, &err)
			if code != exitUsage || !strings.Contains(err.String(), c.want) || out.Len() > 0 {
				t.Errorf("exit code %d, %q and %q, want %d and %q", code, err.String(), out.String(), exitUsage, c.want)
			}
		})
	}
}

func TestHelpIsNoMistake(t *testing.T) {
	for _, args := range []string{"help", "-h", "check --help"} {
		var out, err bytes.Buffer
		if code := Main(strings.Fields(args), &out, &err); code != exitOK || !strings.Contains(out.String(), "sidecar check") || err.Len() > 0 {
			t.Errorf("%s: exit code %d, %q and %q", args, code, out.String(), err.String())
		}
	}
}
