package daemon

import (
	"strings"
	"testing"

	"sidecar"
	"sidecar/config"
	"sidecar/upstream/limit"
)

// What the configuration lets pass is known to the components.
func TestNamesOfGuardsMeanSomething(t *testing.T) {
	for _, mode := range []string{config.ModeOff, config.ModeDark, config.ModeOn} {
		for _, force := range []string{config.ForceAuto, config.ForceOpen, config.ForceClosed} {
			s := circuitSettings(config.Circuit{Mode: mode, Force: force})
			if s.Mode.String() != mode || s.Force.String() != force {
				t.Errorf("%s, %s became %v, %v", mode, force, s.Mode, s.Force)
			}
		}
	}
	f := fallbackSettings(config.Fallback{On: config.FallbackReasons()})
	for r := range sidecar.ReasonCount {
		own := r == sidecar.BadRequest || r == sidecar.ClientLeft || r == sidecar.TooLarge || r == sidecar.NoRoute
		if own && f.On.Has(r) {
			t.Errorf("%v is the client's own", r)
		}
	}
	if !f.On.Has(sidecar.BreakerOpen) || !f.On.Has(sidecar.Status5xx) || f.Static != nil {
		t.Errorf("got %+v", f)
	}
}

func TestStaticAnswersFieldsAreWholeLines(t *testing.T) {
	for _, c := range []struct {
		cfg  config.Fallback
		kind bool
	}{
		{config.Fallback{Status: 200, ContentType: "text/html", Body: "x"}, true},
		{config.Fallback{Status: 204, ContentType: "text/plain"}, false},
		{config.Fallback{Status: 200, Body: "x"}, false},
	} {
		a := fallbackSettings(c.cfg).Static
		if a == nil || a.Status != c.cfg.Status || string(a.Body) != c.cfg.Body {
			t.Fatalf("%+v became %+v", c.cfg, a)
		}
		if !strings.HasSuffix(a.Fields, "\r\n") || strings.Contains(a.Fields, "Content-Type: ") != c.kind {
			t.Errorf("%+v: fields %q", c.cfg, a.Fields)
		}
	}
	if limit.Fallback(limit.FallbackParams{}) != nil {
		t.Error("a fallback on nothing")
	}
}
