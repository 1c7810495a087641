package xds

import (
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"sidecar/discovery"
	"sidecar/internal/ads"
)

// packed is a resource as it comes, without a name around it.
func packed(t *testing.T, m proto.Message) item {
	t.Helper()
	a, err := anypb.New(m)
	if err != nil {
		t.Fatal(err)
	}
	return item{body: a}
}

func start() time.Time { return time.Unix(1_700_000_000, 0) }

// asked is a world with a stream, of which those clusters are wanted.
func asked(names ...string) *world {
	w := newWorld("plane:1")
	w.linked(start())
	w.want(names, start())
	return w
}

func (w *world) shows(name string) string {
	v := w.about(name)
	text := show(discovery.Update{Endpoints: v.set})
	if v.empty != "" {
		text = "empty: " + v.empty
	}
	if v.changes == 0 {
		text = "nothing"
	}
	if v.trouble != nil {
		text += "; " + v.trouble.Error()
	}
	return text
}

func expect(t *testing.T, w *world, name, want string) {
	t.Helper()
	if got := w.shows(name); !strings.Contains(got, want) || want == "nothing" && got != want {
		t.Errorf("%s: got %q, want %q", name, got, want)
	}
}

func TestSilenceIsToldAfter15Seconds(t *testing.T) {
	w := asked("web", "api")
	if next := w.pass(start(), false); next != start().Add(fetchTimeout) {
		t.Errorf("comes again at %s", next)
	}
	w.pass(start().Add(fetchTimeout-1), false)
	expect(t, w, "web", "nothing")
	w.take(news{kind: clusters, whole: true, items: []item{packed(t, ads.Cluster("api"))}}, start().Add(time.Second))
	w.pass(start().Add(fetchTimeout), false)
	expect(t, w, "web", `has not told cluster "web" within 15s: correct the name in the URI`)
	expect(t, w, "api", "nothing")
	w.pass(start().Add(fetchTimeout+time.Second), false)
	expect(t, w, "api", `has not told the endpoints "api" within 15s`)
	w.take(news{kind: loads, items: []item{packed(t, ads.Load(t, "api", "10.0.0.1:80"))}}, start().Add(time.Minute))
	if got := w.shows("api"); got != "10.0.0.1" {
		t.Errorf("got %q", got)
	}
}

// known is asked, with endpoints.
func known(t *testing.T, names ...string) *world {
	w := asked(names...)
	var cs, ls []item
	for _, n := range names {
		cs, ls = append(cs, packed(t, ads.Cluster(n))), append(ls, packed(t, ads.Load(t, n, "10.0.0.1:80")))
	}
	w.take(news{kind: clusters, whole: true, items: cs}, start())
	w.take(news{kind: loads, items: ls}, start())
	return w
}

func TestAnswerThatLacksWhatWasAskedForJustNowTakesNothing(t *testing.T) {
	w := known(t, "web")
	w.want([]string{"api", "web"}, start())
	w.take(news{kind: clusters, whole: true, items: []item{packed(t, ads.Cluster("web"))}}, start())
	expect(t, w, "api", "nothing")
	expect(t, w, "web", "10.0.0.1")
	w.take(news{kind: loads}, start()) // lacks endpoints, which says nothing in this form
	expect(t, w, "web", "10.0.0.1")
}

func TestAnswerWithAnUndecodableResourceTakesNothing(t *testing.T) {
	w := known(t, "web", "api")
	bad := item{body: &anypb.Any{TypeUrl: clusters.typeURL(), Value: []byte{0xff, 0xff}}}
	refused, _ := w.take(news{kind: clusters, whole: true, items: []item{packed(t, ads.Cluster("api")), bad}}, start())
	if refused == nil || !strings.Contains(refused.Error(), "resource 1") || !strings.Contains(refused.Error(), "cannot be decoded") {
		t.Errorf("refused: %v", refused)
	}
	expect(t, w, "web", "10.0.0.1")
}

func TestWhatWasNotAskedForIsNotJudged(t *testing.T) {
	w := known(t, "web")
	bad := ads.Load(t, "other", "10.0.0.1:80")
	bad.Endpoints[0].Priority = 500
	if refused, _ := w.take(news{kind: loads, items: []item{packed(t, bad)}}, start()); refused != nil {
		t.Errorf("refused: %v", refused)
	}
	wrong := packed(t, ads.Load(t, "web"))
	wrong.body.TypeUrl = clusters.typeURL() + "x"
	if refused, _ := w.take(news{kind: loads, items: []item{wrong}}, start()); !strings.Contains(refused.Error(), errType.Error()) {
		t.Errorf("refused: %v", refused)
	}
	expect(t, w, "web", "10.0.0.1")
}

func TestManyReasonsAreToldBriefly(t *testing.T) {
	w := known(t, "web")
	var items []item
	for range 20 {
		items = append(items, item{body: &anypb.Any{TypeUrl: "nonsense\n"}})
	}
	refused, _ := w.take(news{kind: loads, items: items}, start())
	if text := refused.Error(); !strings.HasSuffix(text, "and 15 more") || strings.Contains(text, "\n") {
		t.Errorf("got %q", text)
	}
	if refused, _ = w.take(news{kind: loads, items: make([]item, maxResources+1)}, start()); !strings.Contains(refused.Error(), "more than the limit of 100000") {
		t.Errorf("got %v", refused)
	}
}

func TestTimeToLive(t *testing.T) {
	w := known(t, "web")
	told := packed(t, ads.Load(t, "web", "10.0.0.2:80"))
	told.ttl = time.Minute
	w.take(news{kind: loads, items: []item{told}}, start())
	beat := news{kind: loads, items: []item{{name: "web", beat: true, ttl: time.Minute}}}
	w.take(beat, start().Add(50*time.Second))
	if next := w.pass(start().Add(109*time.Second), true); next != start().Add(110*time.Second) {
		t.Errorf("comes again at %s", next)
	}
	expect(t, w, "web", "10.0.0.2")
	w.pass(start().Add(110*time.Second), true)
	expect(t, w, "web", "empty: the time for which the control plane plane:1 let endpoints")
	if _, broken := w.take(beat, start().Add(111*time.Second)); !errors.Is(broken, errBeat) {
		t.Errorf("got %v", broken)
	}
	w.take(news{kind: loads, items: []item{packed(t, ads.Load(t, "web", "10.0.0.3:80"))}}, start().Add(time.Hour))
	w.pass(start().Add(1000*time.Hour), true)
	expect(t, w, "web", "10.0.0.3")
}

func TestLostStreamIsTroubleUntilWhatIsKnownIsConfirmed(t *testing.T) {
	w := known(t, "web", "api")
	w.unlinked()
	w.lost(errors.New("no stream"))
	expect(t, w, "web", "10.0.0.1; no stream")
	w.pass(start().Add(time.Hour), false)
	expect(t, w, "web", "10.0.0.1; no stream")
	w.linked(start().Add(time.Hour))
	w.take(news{kind: clusters, whole: true, items: []item{packed(t, ads.Cluster("web")), packed(t, ads.Cluster("api"))}}, start().Add(time.Hour))
	expect(t, w, "web", "10.0.0.1; no stream")
	w.take(news{kind: loads, items: []item{packed(t, ads.Load(t, "web", "10.0.0.1:80"))}}, start().Add(time.Hour))
	if got := w.shows("web"); got != "10.0.0.1" {
		t.Errorf("got %q", got)
	}
	w.pass(start().Add(time.Hour+fetchTimeout), false)
	expect(t, w, "api", `10.0.0.1; xds: plane:1 has not told endpoints "api" for 15s on a new stream`)
}

func TestSilenceConfirmsInTheIncrementalForm(t *testing.T) {
	w := known(t, "web")
	w.unlinked()
	w.lost(errors.New("no stream"))
	w.linked(start())
	w.pass(start().Add(fetchTimeout), true)
	if got := w.shows("web"); got != "10.0.0.1" {
		t.Errorf("got %q", got)
	}
	w.unlinked()
	w.lost(errors.New("no stream"))
	w.linked(start())
	w.take(news{kind: clusters, changes: true}, start())
	if got := w.shows("web"); got != "10.0.0.1" {
		t.Errorf("got %q", got)
	}
}

func TestWhatIsToldAgainIsNoNews(t *testing.T) {
	w := known(t, "web", "api")
	web, api := w.about("web").changes, w.about("api").changes
	w.lost(errors.New("no stream"))
	all := []item{packed(t, ads.Cluster("web")), packed(t, ads.Cluster("api"))}
	w.take(news{kind: clusters, whole: true, items: all}, start())
	w.take(news{kind: loads, items: []item{packed(t, ads.Load(t, "web", "10.0.0.1:80")), packed(t, ads.Load(t, "api", "10.0.0.2:80"))}}, start())
	if v := w.about("web"); v.changes != web || v.trouble != nil {
		t.Errorf("what is the same: %+v", v)
	}
	if v := w.about("api"); v.changes == api || v.trouble != nil {
		t.Errorf("what is not: %+v", v)
	}
}

func TestEndpointsOfAnotherNameAreOtherOnes(t *testing.T) {
	w := known(t, "web")
	before := w.about("web").changes
	c := ads.Cluster("web")
	c.EdsClusterConfig.ServiceName = "web-2"
	w.take(news{kind: clusters, whole: true, items: []item{packed(t, c)}}, start())
	expect(t, w, "web", "nothing")
	w.take(news{kind: loads, items: []item{packed(t, ads.Load(t, "web-2", "10.0.0.2:80"))}}, start())
	if got := w.shows("web"); got != "10.0.0.2" || w.about("web").changes == before {
		t.Errorf("got %q", got)
	}
}
