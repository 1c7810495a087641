package kafka

import (
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// What is walked is what the table of APIs says was looked at; a version that is
// raised in one of them only would go out unread, or not at all.
func TestLayoutsAreOfTheReviewedVersions(t *testing.T) {
	for i := range layouts {
		l := &layouts[i]
		a := Of(l.key)
		if a == nil {
			t.Fatalf("key %d is not in the table", l.key)
		}
		flexible := a.Flexible
		if flexible < 0 {
			flexible = l.most + 1
		}
		if l.most != a.Max || l.flexible != flexible {
			t.Errorf("%s: walked up to %d, flexible from %d; reviewed up to %d, flexible from %d", a.Name, l.most, l.flexible, a.Max, flexible)
		}
	}
}

// Every answer that is walked to its end has its error found in every version.
func TestErrorsAreFoundInEveryVersion(t *testing.T) {
	for i := range layouts {
		l := &layouts[i]
		for version := l.first; version <= l.most; version++ {
			m := kmsg.ResponseForKey(l.key)
			m.SetVersion(version)
			partitions := failing(m) && l.key != KeyMetadata
			frame := frameOf(m, version >= l.flexible, headTags[1])
			var got seers
			w := Walker{Seen: &got}
			w.Look(l.key, version, frame)
			if len(got) == 0 {
				t.Errorf("%s v%d: no error was told", NameOf(l.key), version)
				continue
			}
			last := got[len(got)-1]
			if last.Code != 6 || partitions && last.Partition != 3 {
				t.Errorf("%s v%d: told %+v", NameOf(l.key), version, got)
			}
		}
	}
}

// failing puts error 6 wherever an answer has room for one, in partition 3 if it is
// about partitions.
func failing(m kmsg.Response) (partitions bool) {
	return fail(reflect.ValueOf(m).Elem())
}

func fail(v reflect.Value) (partitions bool) {
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		switch {
		case name == "ErrorCode":
			f.SetInt(6)
		case name == "Partition":
			f.SetInt(3)
			partitions = true
		case (name == "Topics" || name == "Partitions" || name == "Coordinators") && f.Type().Elem().Kind() == reflect.Struct:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			partitions = fail(f.Index(0)) || partitions
		case f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.String:
			f.Set(reflect.New(f.Type().Elem()))
		}
	}
	return partitions
}
