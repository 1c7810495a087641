// Package httpthrift answers JSON over HTTP by a Thrift backend whose interface
// is known: POST /Service/method with a JSON object of the arguments. It stands
// as a layer between an HTTP route and a Thrift upstream.
//
// JSON is read straight into Thrift's binary protocol, and a reply straight from
// what the backend speaks into JSON; no tree of values is built in between.
//
//	thrift              JSON
//	bool                true, false
//	i8, i16, i32, i64   number, exact in all 64 bits
//	double              number; "NaN", "Infinity", "-Infinity"
//	string              text as a string
//	binary              string in base64
//	uuid                string, 8-4-4-4-12 hexadecimal digits
//	enum                its name; in: or its number; out: a number without name
//	list, set           array
//	map                 object; a key that is no string is its JSON as a string
//	struct, exception   object by the fields' names
//	union               object with one field
//	void                null
package httpthrift
