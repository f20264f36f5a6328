#!/usr/bin/env perl
# A node for the workloads echo, unique-ids, broadcast and g-set in Perl, whose modules are all part of it.
#
# Whoever learns an element sends it to the other nodes again and again, until each has said that it has it.
#
#     splitbrain run maelstrom:bin=./node.pl --workload broadcast --nodes 5

use strict;
use warnings;
use IO::Select;
use JSON::PP;
use Time::HiRes qw(time);

my $RESEND_SECONDS = 0.1;
my ($name, @others, %known, %owed) = ('');
my $generated = 0;
my $started = time;

sub say_to {
    my ($dest, $body) = @_;
    syswrite STDOUT, encode_json({ src => $name, dest => $dest, body => $body }) . "\n";
}

sub learn {
    my ($element) = @_;
    return if exists $known{$element};
    $known{$element} = 1;
    $owed{$_}{$element} = 1 for @others;
}

sub resend {
    for my $other (@others) {
        my @elements = map { $_ + 0 } keys %{ $owed{$other} };
        say_to($other, { type => 'have', elements => \@elements }) if @elements;
    }
}

my %answers = (
    init => sub {
        my ($body) = @_;
        $name = $body->{node_id};
        @others = grep { $_ ne $name } @{ $body->{node_ids} };
        return {};
    },
    topology  => sub { return {} },
    echo      => sub { return { echo => $_[0]{echo} } },
    generate  => sub { return { id => join('-', $name, $started, $generated++) } },
    broadcast => sub { learn($_[0]{message}); return {} },
    add       => sub { learn($_[0]{element}); return {} },
    read      => sub { my @all = map { $_ + 0 } keys %known; return { messages => \@all, value => \@all } },
);

sub handle {
    my ($message) = @_;
    my ($body, $src) = ($message->{body}, $message->{src});
    if ($body->{type} eq 'have') {
        learn($_) for @{ $body->{elements} };
        say_to($src, { type => 'got', elements => $body->{elements} });
    } elsif ($body->{type} eq 'got') {
        delete $owed{$src}{$_} for @{ $body->{elements} };
    } elsif (my $answer = $answers{ $body->{type} }) {
        my $reply = $answer->($body);
        say_to($src, { type => "$body->{type}_ok", %$reply, in_reply_to => $body->{msg_id} });
    } else {
        say_to($src, { type => 'error', code => 10, text => "no $body->{type}", in_reply_to => $body->{msg_id} });
    }
}

my $ready = IO::Select->new(\*STDIN);
my ($buffer, $next) = ('', time + $RESEND_SECONDS);
while (1) {
    if ($ready->can_read($next > time ? $next - time : 0)) {
        sysread(STDIN, $buffer, 65536, length $buffer) or last;
        while ($buffer =~ s/^(.*)\n//) { handle(decode_json($1)) }
    }
    if (time >= $next) {
        resend();
        $next = time + $RESEND_SECONDS;
    }
}
