package kafka

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// answer is resp as a broker sends it: length, correlation id, body.
func answer(resp kmsg.Response) []byte {
	b := resp.AppendTo(make([]byte, AnswerHead))
	binary.BigEndian.PutUint32(b, uint32(len(b)-SizeLen))
	binary.BigEndian.PutUint32(b[SizeLen:], 77)
	return b
}

// brokerVersions is what a broker with those versions answers, and unknown tags.
func brokerVersions(version int16, table *kversion.Versions) *kmsg.ApiVersionsResponse {
	resp := kmsg.NewPtrApiVersionsResponse()
	resp.Version, resp.ThrottleMillis, resp.FinalizedFeaturesEpoch = version, 5, 9
	table.EachMaxKeyVersion(func(key, most int16) {
		e := kmsg.NewApiVersionsResponseApiKey()
		e.ApiKey, e.MaxVersion = key, most
		if version >= 3 {
			e.UnknownTags.Set(7, []byte{byte(key)})
		}
		resp.ApiKeys = append(resp.ApiKeys, e)
	})
	if version >= 3 {
		resp.UnknownTags.Set(99, []byte("later"))
		for _, f := range []string{"metadata.version", featureName} {
			s := kmsg.NewApiVersionsResponseSupportedFeature()
			s.Name, s.MaxVersion = f, 2
			resp.SupportedFeatures = append(resp.SupportedFeatures, s)
			z := kmsg.NewApiVersionsResponseFinalizedFeature()
			z.Name, z.MaxVersionLevel, z.MinVersionLevel = f, 2, 2
			resp.FinalizedFeatures = append(resp.FinalizedFeatures, z)
		}
	}
	return resp
}

func decodeVersions(t *testing.T, frame []byte, version int16) *kmsg.ApiVersionsResponse {
	t.Helper()
	resp := kmsg.NewPtrApiVersionsResponse()
	resp.Version = version
	if int(binary.BigEndian.Uint32(frame)) != len(frame)-SizeLen {
		t.Fatalf("length word of %d bytes says %d", len(frame), binary.BigEndian.Uint32(frame))
	}
	if err := resp.ReadFrom(frame[AnswerHead:]); err != nil {
		t.Fatal(err)
	}
	return resp
}

// releases are Kafka's, oldest first.
func releases() map[string]*kversion.Versions {
	m := map[string]*kversion.Versions{}
	for _, s := range kversion.VersionStrings() {
		m[s] = kversion.FromString(s)
	}
	return m
}

func TestClientsAreToldOfWhatIsReviewedOnly(t *testing.T) {
	h := NewHiding(nil, false, RewriteHints)
	for release, table := range releases() {
		for version := range apis[KeyAPIVersions].Max + 1 {
			resp := brokerVersions(version, table)
			resp.ApiKeys[0].MaxVersion = 50 // newer than anybody has looked at
			odd := kmsg.NewApiVersionsResponseApiKey()
			odd.ApiKey, odd.MaxVersion = 300, 2
			resp.ApiKeys = append(resp.ApiKeys, odd)
			out, problem := h.Versions([]byte("kept"), version, answer(resp))
			if problem != nil || string(out[:4]) != "kept" {
				t.Fatalf("%s, version %d: %v", release, version, problem)
			}
			got := decodeVersions(t, out[4:], version)
			want := []kmsg.ApiVersionsResponseApiKey{}
			var now = map[int16]int16{}
			for _, e := range resp.ApiKeys {
				if a := Of(e.ApiKey); a != nil && a.Kind != Internal {
					e.MaxVersion = min(e.MaxVersion, a.Max)
					want = append(want, e)
					now[e.ApiKey] = e.MaxVersion
				}
			}
			resp.ApiKeys = want
			if version >= 3 && (now[KeyProduce] < 12 || now[KeyEndTxn] < 5 || now[KeyTxnOffsetCommit] < 5) {
				resp.SupportedFeatures[1].MaxVersion = 1
				resp.FinalizedFeatures[1].MaxVersionLevel, resp.FinalizedFeatures[1].MinVersionLevel = 1, 1
			}
			if same := decodeVersions(t, answer(resp), version); !reflect.DeepEqual(got, same) {
				t.Errorf("%s, version %d:\n%+v\nwant\n%+v", release, version, got, same)
			}
		}
	}
}

func TestAnswersWithNothingToHideStayAsTheyAre(t *testing.T) {
	h := NewHiding(nil, true, RewriteHints)
	for version := range apis[KeyAPIVersions].Max + 1 {
		resp := brokerVersions(version, kversion.V4_4_0())
		kept := resp.ApiKeys[:0]
		for _, e := range resp.ApiKeys {
			if a := Of(e.ApiKey); a != nil && a.Kind != Internal {
				e.MinVersion = min(1, e.MaxVersion) // the lowest are nobody's business
				kept = append(kept, e)
			}
		}
		resp.ApiKeys = kept
		frame := answer(resp)
		out, problem := h.Versions(nil, version, frame)
		if problem != nil || !bytes.Equal(out, frame) {
			t.Errorf("version %d: %v\n%x\n%x", version, problem, out, frame)
		}
	}
}

func TestTransactionsOfTheSecondVersionNeedItsAPIs(t *testing.T) {
	for _, c := range []struct {
		name   string
		hidden []int16
		hints  Hints
		level  int16
	}{
		{"all there", nil, RewriteHints, 2},
		{"hints stripped", nil, StripHints, 2},
		{"Produce capped", nil, CapVersions, 1},
		{"EndTxn hidden", []int16{KeyEndTxn}, RewriteHints, 1},
		{"TxnOffsetCommit hidden", []int16{KeyTxnOffsetCommit}, RewriteHints, 1},
		{"another hidden", []int16{20}, RewriteHints, 2},
	} {
		out, problem := NewHiding(c.hidden, false, c.hints).Versions(nil, 4, answer(brokerVersions(4, kversion.V4_4_0())))
		if problem != nil {
			t.Fatal(problem)
		}
		got := decodeVersions(t, out, 4)
		f, s := got.FinalizedFeatures, got.SupportedFeatures
		if f[1].MaxVersionLevel != c.level || f[1].MinVersionLevel != c.level || s[1].MaxVersion != c.level {
			t.Errorf("%s: %+v %+v", c.name, f[1], s[1])
		}
		if f[0].MaxVersionLevel != 2 || s[0].MaxVersion != 2 {
			t.Errorf("%s: another feature was changed: %+v %+v", c.name, f[0], s[0])
		}
	}
}

func TestVersionsAreCappedWhereHintsBegin(t *testing.T) {
	out, problem := NewHiding([]int16{20}, false, CapVersions).Versions(nil, 3, answer(brokerVersions(3, kversion.V4_4_0())))
	if problem != nil {
		t.Fatal(problem)
	}
	v, code, problem := parseVersions(out, 3)
	if problem != nil || code != 0 {
		t.Fatal(code, problem)
	}
	for key, want := range map[int16]int16{KeyProduce: 9, KeyFetch: 15, KeyShareFetch: -1, KeyShareAcknowledge: -1, 20: -1, 4: -1, 19: 7, 500: -1, -1: -1} {
		if got := v.Of(key); got != want {
			t.Errorf("%s (%d): %d, want %d", NameOf(key), key, got, want)
		}
	}
}

func TestAnswerToNewerVersionIsReadInTheOldForm(t *testing.T) {
	frame := AnswerVersions(nil, 77, -1)
	got := decodeVersions(t, frame, 0)
	if got.ErrorCode != 35 || len(got.ApiKeys) != 1 || got.ApiKeys[0].ApiKey != 18 || got.ApiKeys[0].MaxVersion != 5 || got.ApiKeys[0].MinVersion != 0 {
		t.Errorf("%+v", got)
	}
	if _, id, _ := ParseAnswerHead(frame); id != 77 {
		t.Errorf("correlation id %d", id)
	}
	// A broker's own, to a version that it does not know.
	v, code, problem := parseVersions(AnswerVersions(nil, 1, 3), 5)
	if problem != nil || code != 35 || v.Of(18) != 3 {
		t.Errorf("%+v, %d, %v", v, code, problem)
	}
	out, problem := NewHiding(nil, false, RewriteHints).Versions(nil, 5, frame)
	if problem != nil || !bytes.Equal(out, frame) {
		t.Errorf("%x, %v", out, problem)
	}
}

func TestHiddenAPIsAreRefusedInWords(t *testing.T) {
	h, open := NewHiding(Named("write"), false, RewriteHints), NewHiding([]int16{KeyAPIVersions}, true, CapVersions)
	for _, c := range []struct {
		h            *Hiding
		key, version int16
		want         string
	}{
		{h, KeyProduce, 9, "Produce is hidden on this listener"},
		{h, KeyFetch, 12, ""},
		{h, 4, 0, "LeaderAndIsr is for brokers among themselves"},
		{open, 4, 0, "LeaderAndIsr is for brokers among themselves"},
		{h, 200, 0, `an API that nobody has reviewed, key 200: unknown_apis = "pass" gives it on`},
		{open, 200, 0, ""},
		{h, KeyMetadata, 14, "Metadata of version 14, which nobody has reviewed (13 is the newest that was)"},
		{open, KeyMetadata, 14, "Metadata of version 14, which nobody has reviewed (13 is the newest that was)"},
		{open, 11, 14, ""},
		{open, KeyFetch, 17, ""}, // its client was not told of it: it is rewritten
		{open, KeyShareFetch, 1, "ShareFetch is hidden on this listener"},
		{open, KeyAPIVersions, 0, ""},
	} {
		got := ""
		if p := c.h.Refuse(c.key, c.version); p != nil {
			got = p.Error()
		}
		if got != c.want {
			t.Errorf("%d %d: %q, want %q", c.key, c.version, got, c.want)
		}
	}
}

func FuzzVersions(f *testing.F) {
	for version := range apis[KeyAPIVersions].Max + 1 {
		f.Add(answer(brokerVersions(version, kversion.V4_4_0())), version)
		f.Add(answer(brokerVersions(version, kversion.V2_4_0())), version)
	}
	f.Add(AnswerVersions(nil, 1, -1), int16(5))
	hidings := []*Hiding{NewHiding(nil, true, RewriteHints), NewHiding(Named("admin"), false, CapVersions)}
	f.Fuzz(func(t *testing.T, frame []byte, version int16) {
		before := bytes.Clone(frame)
		for _, h := range hidings {
			out, problem := h.Versions(nil, version, frame)
			if !bytes.Equal(frame, before) {
				t.Fatal("the answer was changed in place")
			}
			if problem != nil {
				continue
			}
			was, code, problem := parseVersions(frame, version)
			if problem != nil {
				t.Fatal(problem)
			}
			now, same, problem := parseVersions(out, version)
			if problem != nil || same != code {
				t.Fatalf("what goes out cannot be read: %v, code %d, was %d", problem, same, code)
			}
			for key, most := range now.Most {
				if most > was.Of(int16(key)) || h.Most(int16(key), most) != most {
					t.Errorf("key %d is told to %d, the broker has %d", key, most, was.Of(int16(key)))
				}
			}
		}
	})
}

// librdkafka reads nothing, in silence, from who is said to have no Produce, and
// writes nothing to who is said to have no Fetch.
func TestProduceAndFetchAreToldOfTogether(t *testing.T) {
	for _, c := range []struct {
		hidden         string
		produce, fetch int16
		refused        int16
	}{
		{"write", 13, 18, KeyProduce},
		{"read", 13, 18, KeyFetch},
		{"Produce", 13, 18, KeyProduce},
	} {
		h := NewHiding(Named(c.hidden), false, RewriteHints)
		if p, f := h.Most(KeyProduce, 99), h.Most(KeyFetch, 99); p != c.produce || f != c.fetch {
			t.Errorf("%s: Produce to %d, Fetch to %d", c.hidden, p, f)
		}
		for _, key := range []int16{KeyProduce, KeyFetch} {
			if p := h.Refuse(key, 9); (p != nil) != (key == c.refused) {
				t.Errorf("%s hidden: %s: %v", c.hidden, NameOf(key), p)
			}
		}
	}
	both := NewHiding(append(Named("read"), Named("write")...), false, RewriteHints)
	if p, f := both.Most(KeyProduce, 99), both.Most(KeyFetch, 99); p != -1 || f != -1 {
		t.Errorf("both hidden: Produce to %d, Fetch to %d", p, f)
	}
}
