package sim

import (
	"reflect"
	"testing"
	"time"

	"sidecar/balance"
	"sidecar/upstream/breaker"
)

// quiet is a scenario in which nothing goes wrong.
func quiet(clients, hosts int, p Policy) Scenario {
	return Scenario{
		Clients: clients, Hosts: hosts, Policy: p, Rate: 50,
		Service: Service{Mean: 10 * time.Millisecond, Sigma: 0.5},
		Warm:    10 * time.Second, Length: 20 * time.Second, Seed: 1,
	}
}

// defaults are the breaker's and the retries' of config.toml.
func (s Scenario) defaults() Scenario {
	s.Breaker = &breaker.Settings{
		ConsecutiveFailures: 5, SuccessRate: 0.5, Window: 10 * time.Second, MinRequests: 20,
		MinBackoff: 5 * time.Second, MaxBackoff: time.Minute,
	}
	s.MaxEjected, s.Retries, s.Budget, s.PerSecond = 0.5, 2, 0.2, 10
	return s
}

func aperture() Policy { return RandomAperture("random aperture", balance.ApertureParams{}) }

func TestScenarioRepeats(t *testing.T) {
	for _, p := range []Policy{RoundRobin(), P2C(), LeastLoaded(), aperture(), Deterministic("deterministic", 0)} {
		t.Run(p.Name, func(t *testing.T) {
			s := quiet(5, 8, p).defaults()
			s.Workers = 2
			s.Script = []Step{
				Fail(11*time.Second, 0, 0.5), Slow(11*time.Second, 1, 20), Down(12*time.Second, 2), Up(20*time.Second, 2),
				Leave(13*time.Second, 3, 6), Join(18*time.Second, 3, 6),
			}
			s.Script = append(s.Script, Restart(15*time.Second, time.Second, 2, true)...)
			if a, b := Run(s), Run(s); !reflect.DeepEqual(a, b) {
				t.Errorf("two runs differ: %+v and %+v", a.Hosts, b.Hosts)
			}
		})
	}
}

func TestFullMeshIsConnectedToEverybody(t *testing.T) {
	for _, p := range []Policy{RoundRobin(), P2C(), LeastLoaded()} {
		if r := Run(quiet(10, 20, p)); r.Network.Pairs != 200 || r.Hosts.CV > 1.5*r.Hosts.Chance() {
			t.Errorf("%s: %d pairs, CV %.3f, by chance %.3f", p.Name, r.Network.Pairs, r.Hosts.CV, r.Hosts.Chance())
		}
	}
}

// Fewer connections are paid for with an uneven load: what few sidecars draw at
// random falls on some backends twice and on others never.
func TestRandomApertureSavesConnectionsAndIsUneven(t *testing.T) {
	r := Run(quiet(10, 20, aperture()))
	if r.Network.Pairs > 40 || r.Hosts.CV < 0.4 {
		t.Errorf("%d pairs of 200, CV %.2f", r.Network.Pairs, r.Hosts.CV)
	}
}

// The arcs of all sidecars together load every backend alike. What is left of
// unevenness is chance.
func TestDeterministicApertureIsEvenWithFewConnections(t *testing.T) {
	for _, n := range []struct{ clients, hosts, pairs int }{{30, 100, 420}, {25, 100, 300}, {50, 30, 645}, {4, 10, 40}} {
		s := quiet(n.clients, n.hosts, Deterministic("deterministic", 0))
		s.Warm, s.Length, s.Apart = time.Second, 12*time.Second, true
		r := Run(s)
		if r.Network.Pairs > int64(n.pairs) || r.Hosts.CV > 1.3*r.Hosts.Chance() {
			t.Errorf("%d sidecars, %d backends: %d pairs, at most %d; CV %.3f, by chance %.3f",
				n.clients, n.hosts, r.Network.Pairs, n.pairs, r.Hosts.CV, r.Hosts.Chance())
		}
	}
}

// Ranks move when a sidecar is away, and with them the arcs of all others. A
// place of its own, such as a StatefulSet's ordinal, moves nobody.
func TestRanksMoveConnectionsAndOrdinalsDoNot(t *testing.T) {
	opened := func(ranked bool) int64 {
		s := quiet(10, 50, Deterministic("deterministic", 0))
		s.Rate, s.Length = 5, 90*time.Second
		s.Script = Restart(20*time.Second, 10*time.Second, 0, ranked)
		return Run(s).Network.Opened
	}
	ordinals, ranks := opened(false), opened(true)
	if ordinals > 20 || ranks < 2*ordinals {
		t.Errorf("%d pairs are connected again with ordinals, %d with ranks", ordinals, ranks)
	}
}

// A run of one sidecar after the other must tell the same as all at once, where
// backends do not make their callers wait for each other.
func TestSidecarsApartAreTheSameAsTogether(t *testing.T) {
	s := quiet(6, 6, aperture())
	together := Run(s)
	s.Apart = true
	if apart := Run(s); !reflect.DeepEqual(apart, together) {
		t.Errorf("apart %+v, together %+v", apart.Hosts, together.Hosts)
	}
}

func TestSlowBackendGetsLessByWhatIsOutstanding(t *testing.T) {
	run := func(p Policy) Result {
		s := quiet(10, 10, p)
		s.Rate, s.Workers, s.Warm, s.Length, s.Script = 100, 50, 2*time.Second, 8*time.Second, []Step{Slow(0, 0, 20)}
		return Run(s)
	}
	turns, two := run(RoundRobin()), run(P2C())
	if turns.Shares[0] < 0.095 || two.Shares[0] > 0.06 {
		t.Errorf("share of the slow one: by turns %.3f, p2c %.3f", turns.Shares[0], two.Shares[0])
	}
	if two.Tally.Percentile(0.95) >= turns.Tally.Percentile(0.95) {
		t.Errorf("p95 by turns %v, p2c %v", turns.Tally.Percentile(0.95), two.Tally.Percentile(0.95))
	}
}

// A backend that fails at once looks idle to whoever counts what is
// outstanding, and draws more than its share. The breaker ends that.
func TestFastFailureDrawsTrafficUntilTheBreakerOpens(t *testing.T) {
	s := quiet(10, 10, LeastLoaded())
	s.Rate, s.Warm, s.Length, s.Script = 400, 4*time.Second, 4*time.Second, []Step{Fail(0, 0, 1)}
	bare := Run(s)
	guarded := Run(s.defaults())
	if bare.Shares[0] < 0.12 || bare.Tally.Success() > 0.9 {
		t.Errorf("without a breaker: share %.3f, success %.3f", bare.Shares[0], bare.Tally.Success())
	}
	if guarded.Shares[0] > 0.001 || guarded.Tally.Success() < 0.9999 {
		t.Errorf("with a breaker: share %.4f, success %.5f", guarded.Shares[0], guarded.Tally.Success())
	}
}

// Two bad ones of ten are drawn together for one request in forty-five: enough
// to make the p99, if the less bad of them were good enough.
func TestReplyTimesKeepTwoBadBackendsOutOfTheP99(t *testing.T) {
	run := func(script ...Step) time.Duration {
		s := quiet(10, 10, P2C().ByTime()).defaults()
		s.Rate, s.Workers, s.Service.Mean, s.Length, s.Script = 200, 16, time.Millisecond, 10*time.Second, script
		r := Run(s)
		return r.Tally.Percentile(0.99)
	}
	well, ill := run(), run(Slow(5*time.Second, 0, 100), Fail(5*time.Second, 1, 1))
	if ill > well*5/4 {
		t.Errorf("p99 is %v, and %v without them", ill, well)
	}
}

func TestDeadBackendIsDialledInTheBackground(t *testing.T) {
	s := quiet(5, 5, P2C()).defaults()
	s.Length = 60 * time.Second
	s.Script = []Step{Down(12*time.Second, 0), Up(30*time.Second, 0)}
	r := Run(s)
	if r.Tally.Success() != 1 || r.Tally.Ejections() != 5 || r.Shares[0] < 0.05 {
		t.Errorf("success %v, %d ejections, share %.3f", r.Tally.Success(), r.Tally.Ejections(), r.Shares[0])
	}
}

func TestRetriesStayWithinTheBudgetWhenAllFails(t *testing.T) {
	s := quiet(2, 10, P2C()).defaults()
	s.Rate, s.Warm, s.Length = 200, 20*time.Second, 10*time.Second
	for i := range s.Hosts {
		s.Script = append(s.Script, Fail(0, i, 1))
	}
	if r := Run(s); r.Tally.Tries() > 1+0.2+10/s.Rate+0.01 || r.Tally.OK > 0 {
		t.Errorf("%.3f tries a request, %d succeeded", r.Tally.Tries(), r.Tally.OK)
	}
}

func TestPercentilesAreGoodToOnePerCent(t *testing.T) {
	var tally Tally
	for i := range int64(10_000) {
		tally.done(success, (i+1)*int64(time.Microsecond))
	}
	for _, p := range []float64{0.01, 0.5, 0.99} {
		want := p * float64(10*time.Millisecond)
		if got := float64(tally.Percentile(p)); got < want*0.99 || got > want*1.01 {
			t.Errorf("p%g is %v, want %v", 100*p, time.Duration(got), time.Duration(want))
		}
	}
}
