namespace go shared

typedef i64 Id
enum Level { LOW, MIDDLE = 5, HIGH, ALSO = 5 }
const i32 LIMIT = 10
const list<string> TAGS = ["a", "b"]

exception NotFound {
  1: string message
  2: Id id
}

struct Point { 1: required double x = 1; 2: required double y = 2.5 }

service Base {
  string version()
  oneway void log(1: string line)
}
