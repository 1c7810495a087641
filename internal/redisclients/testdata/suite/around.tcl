# Read by Redis' own test suite behind its client (tests/support/redis.tcl).
#
# The suite sets up its server by CONFIG SET, DEBUG and the like, which the
# sidecar refuses: they are of one server and not of a service. With DIRECT set
# to the server's own port these go around the sidecar, so that what a test is
# about still goes through it. What a test asks of the sidecar's own connection
# (CLIENT, SELECT, HELLO, RESET...) is not touched.
#
# The suite also takes it for granted that a server gets the commands of two
# connections in the order of their sending, without waiting for a reply. No
# proxy keeps that, so a command that waits, subscribes or ends a subscription
# has a moment to arrive.
if {[info exists ::env(DIRECT)]} {
    set ::around {}
    array set ::around_said {} ;# by client, the replies that it will read

    proc ::redis::goes_around {method argv} {
        set sub [string tolower [lindex $argv 0]]
        switch -- $method {
            config  { return [expr {$sub in {get set resetstat rewrite}}] }
            info - slowlog - latency - debug - bgsave - save - bgrewriteaof - pfdebug - pfselftest { return 1 }
            memory  { return [expr {$sub ne "usage"}] }
            script - function { return [expr {$sub eq "kill"}] }
        }
        return 0
    }

    proc ::redis::takes_time {method} {
        return [regexp {^(b[lrz].*|.*subscribe|xread|xreadgroup|wait)$} $method]
    }

    rename ::redis::__dispatch__raw__ ::redis::__dispatch__through__
    proc ::redis::__dispatch__raw__ {id method argv} {
        set name [string tolower $method]
        if {$::around eq {} || $id == $::around || !$::redis::blocking($id)} {
            return [::redis::__dispatch__through__ $id $method $argv]
        }
        if {[goes_around $name $argv]} {
            if {!$::redis::deferred($id)} {
                return [::redis::__dispatch__through__ $::around $method $argv]
            }
            lappend ::around_said($id) [::redis::__dispatch__through__ $::around $method $argv]
            return {}
        }
        if {$name eq "read" && [info exists ::around_said($id)] && [llength $::around_said($id)] > 0} {
            set said [lindex $::around_said($id) 0]
            set ::around_said($id) [lrange $::around_said($id) 1 end]
            return $said
        }
        set deferred $::redis::deferred($id)
        set said [::redis::__dispatch__through__ $id $method $argv]
        if {$deferred && [takes_time $name]} {
            after 50
        }
        return $said
    }

    redis 127.0.0.1 $::env(DIRECT)
    set ::around $::redis::id
}
