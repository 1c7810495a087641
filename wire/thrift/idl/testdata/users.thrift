/** Users, for tests: everything that an interface file may have. */
include "shared.thrift"

typedef map<string, shared.Id> Ids
typedef Tree Forest

union Contact {
  1: string mail
  2: i64 phone
}

struct Tree {
  1: i32 value,
  2: optional list<Tree> children,
  3: optional Forest other
}

struct User {
  1: required shared.Id id
  2: required string name = "nobody"
  3: optional bool active = true
  4: shared.Level level = shared.Level.MIDDLE
  5: optional binary picture = "raw"
  6: optional set<i16> numbers = [1, 2]
  7: optional map<i32, string> names = {1: "one"}
  8: optional map<shared.Point, list<i8>> points
  9: optional Contact contact
  10: optional uuid key
  11: optional double ratio = 3
  12: optional list<string> tags = shared.TAGS
  13: optional i32 limit = shared.LIMIT
  14: optional shared.Point at = {"x": 7}
  15: optional Tree tree
  16: optional Ids ids
  17: optional map<shared.Level, bool> levels = {shared.Level.LOW: 1}
}

exception Busy { 1: string message }

service Users extends shared.Base {
  User get(1: shared.Id id, 2: bool deep = false) throws (1: shared.NotFound missing, 2: Busy busy)
  void put(1: User user)
  list<User> all()
  i64 sum(1: list<i64> numbers)
  Tree tree(1: Tree tree)
}
