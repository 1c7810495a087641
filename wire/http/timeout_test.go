package http

import (
	"testing"
	"time"
)

func TestWhatAClientAsksForIsReadByTheFormOfItsField(t *testing.T) {
	const none = 0
	for _, c := range []struct {
		name  Name
		value string
		want  time.Duration
		form  Ask
		ok    bool
	}{
		{GRPCTimeout, "1H", time.Hour, AskGRPC, true},
		{GRPCTimeout, "2M", 2 * time.Minute, AskGRPC, true},
		{GRPCTimeout, "3S", 3 * time.Second, AskGRPC, true},
		{GRPCTimeout, "250m", 250 * time.Millisecond, AskGRPC, true},
		{GRPCTimeout, "00000250u", 250 * time.Microsecond, AskGRPC, true},
		{GRPCTimeout, "99999999n", 99999999, AskGRPC, true},
		{GRPCTimeout, "99999999H", maxAsk, AskGRPC, true},
		{GRPCTimeout, "0m", 1, AskGRPC, true},
		{GRPCTimeout, "123456789m", none, AskNothing, false}, // nine digits
		{GRPCTimeout, "", none, AskNothing, false},
		{GRPCTimeout, "m", none, AskNothing, false},
		{GRPCTimeout, "10", none, AskNothing, false},
		{GRPCTimeout, "10h", none, AskNothing, false},
		{GRPCTimeout, "-1S", none, AskNothing, false},
		{GRPCTimeout, "1 S", none, AskNothing, false},
		{GRPCTimeout, "1.5S", none, AskNothing, false},
		{GRPCTimeout, "1SS", none, AskNothing, false},
		{XRequestTimeout, "2", 2 * time.Second, AskSeconds, true},
		{XRequestTimeout, "0.25", 250 * time.Millisecond, AskSeconds, true},
		{XRequestTimeout, "0", 1, AskSeconds, true},
		{XRequestTimeout, "250ms", 250 * time.Millisecond, AskUnit, true},
		{XRequestTimeout, "1.5s", 1500 * time.Millisecond, AskUnit, true},
		{XRequestTimeout, "2m", 2 * time.Minute, AskUnit, true},
		{XRequestTimeout, "1h", time.Hour, AskUnit, true},
		{XRequestTimeout, "700us", 700 * time.Microsecond, AskUnit, true},
		{XRequestTimeout, "999999999999h", maxAsk, AskUnit, true},
		{XRequestTimeout, "1234567890123", none, AskNothing, false},
		{XRequestTimeout, ".5", none, AskNothing, false},
		{XRequestTimeout, "1.", none, AskNothing, false},
		{XRequestTimeout, "1.s", none, AskNothing, false},
		{XRequestTimeout, "1.5.5", none, AskNothing, false},
		{XRequestTimeout, "1m30s", none, AskNothing, false},
		{XRequestTimeout, "1e3", none, AskNothing, false},
		{XRequestTimeout, "+1", none, AskNothing, false},
		{XRequestTimeout, "soon", none, AskNothing, false},
		{EnvoyExpectedTimeout, "250", 250 * time.Millisecond, AskMillis, true},
		{EnvoyUpstreamTimeout, "999999999999", 999999999999 * time.Millisecond, AskMillis, true},
		{EnvoyUpstreamTimeout, "0", none, AskNothing, true}, // Envoy's word for no limit
		{EnvoyUpstreamTimeout, "250ms", none, AskNothing, false},
		{EnvoyExpectedTimeout, "", none, AskNothing, false},
		{Host, "1", none, AskNothing, false},
	} {
		got, form, ok := ReadAsk(c.name, []byte(c.value))
		if time.Duration(got) != c.want || form != c.form || ok != c.ok {
			t.Errorf("%v %q: %v, %v, %v, want %v, %v, %v", c.name, c.value, time.Duration(got), form, ok, c.want, c.form, c.ok)
		}
	}
}

func TestWhatIsLeftIsWrittenInTheFormItCameIn(t *testing.T) {
	for _, c := range []struct {
		form Ask
		left time.Duration
		want string
	}{
		{AskGRPC, 1, "1n"},
		{AskGRPC, 99_999_999, "99999999n"},
		{AskGRPC, 100 * time.Millisecond, "100000u"},
		{AskGRPC, 99 * time.Second, "99000000u"},
		{AskGRPC, 100*time.Second + 999_999, "100000m"},
		{AskGRPC, 28 * time.Hour, "100800S"},
		{AskGRPC, maxAsk, "16666666M"},
		{AskSeconds, 1995 * time.Millisecond, "1.995"},
		{AskSeconds, 12*time.Second + 5*time.Millisecond, "12.005"},
		{AskSeconds, 1, "0.001"},
		{AskUnit, 1995*time.Millisecond + 999_999, "1995ms"},
		{AskUnit, 1, "1ms"},
		{AskMillis, 249_999_999, "249"},
		{AskMillis, 1, "1"},
		{AskNothing, time.Second, ""},
	} {
		if got := string(AppendAsk(nil, c.form, int64(c.left))); got != c.want {
			t.Errorf("%v in form %d: %q, want %q", c.left, c.form, got, c.want)
		}
	}
}

// FuzzAsk: what is read is no less than nothing and bounded; what is written of
// it can be read, and is no longer than it was.
func FuzzAsk(f *testing.F) {
	for _, v := range []string{"1H", "99999999n", "250m", "2", "0.25", "250ms", "1.5h", "0", "999999999999", "1.999999999999us"} {
		for n := range uint8(4) {
			f.Add(n, v)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, v string) {
		name := GRPCTimeout + Name(which%4)
		if !name.AsksTime() {
			t.Fatalf("%d is not one of the names", name)
		}
		ns, form, ok := ReadAsk(name, []byte(v))
		if ns < 0 || ns > maxAsk || !ok && (ns != 0 || form != AskNothing) || (ns == 0) != (form == AskNothing) {
			t.Fatalf("%q: %d, %d, %v", v, ns, form, ok)
		}
		if ns == 0 {
			return
		}
		out := AppendAsk(nil, form, ns)
		again, form2, ok := ReadAsk(name, out)
		if !ok || again > max(ns, milli) || form2 != form {
			t.Fatalf("%q was written as %q: %d then %d", v, out, ns, again)
		}
	})
}
