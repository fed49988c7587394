using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Fabric.Routing.Rib;
using Fabric.Routing.Rip;
using Fabric.Routing.Tests.Rip.Simulation;
using Fabric.TestKit;
using static Fabric.Routing.Tests.Rip.Simulation.Network;
using static Fabric.Routing.Tests.Rip.Simulation.Stranger;

namespace Fabric.Routing.Tests.Rip;

/// <summary>Passwords and digests (RFC 2453, 4.1; RFC 2082; RFC 4822). FRR and BIRD judge the same in the interoperability tests.</summary>
public sealed class AuthenticationTests
{
    private readonly Network _network = new(TestSeed.Seed);

    public static TheoryData<RipAlgorithm> Algorithms => [.. Enum.GetValues<RipAlgorithm>()];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void RoutersWithTheSameKeyUnderstandEachOtherAndOthersDoNot(RipAlgorithm algorithm)
    {
        Segment lan = _network.AddSegment();
        SimulatedRouter one = Add(lan, "r1", 1, Key(algorithm));
        SimulatedRouter two = Add(lan, "r2", 2, Key(algorithm));
        SimulatedRouter wrong = Add(lan, "r3", 3, Key(algorithm, secret: "not it"));
        SimulatedRouter none = Add(lan, "r4", 4);
        SimulatedRouter other = Add(lan, "r5", 5, Key(algorithm == RipAlgorithm.HmacSha1 ? RipAlgorithm.HmacSha256 : RipAlgorithm.HmacSha1));
        for (uint i = 0; i < 60; i++)
            one.AddStatic($"172.16.{i}.0/24");
        _network.RunFor(40);
        Assert.Equal("2 via 10.0.0.1", two.Describe("172.16.59.0/24"));
        Assert.All((SimulatedRouter[])[wrong, none, other], router => Assert.Equal("none", router.Describe("172.16.59.0/24")));
        Assert.Equal([Address("10.0.0.2")], one.Status.Neighbors.Select(neighbor => neighbor.Address));
        RipCounters counters = one.Status.Interfaces[0].Counters;
        Assert.InRange(counters.Drops(RipDrop.Digest), 3, 20);
        Assert.InRange(counters.Drops(RipDrop.Authentication), 3, 40);
        Assert.NotEqual(0, none.Status.Interfaces[0].Counters.Drops(RipDrop.Authentication));
    }

    [Fact]
    [SuppressMessage("Security", "CA5350:Do not use weak cryptographic algorithms", Justification = "RFC 4822 asks for it")]
    [SuppressMessage("Security", "CA5351:Do not use broken cryptographic algorithms", Justification = "RFC 2082 asks for it")]
    public void ADigestIsWhatTheStandardsSay()
    {
        Segment lan = _network.AddSegment();
        Listener listener = new(_network, lan);
        Add(lan, "md5", 1, Key(RipAlgorithm.KeyedMd5, id: 7));
        Add(lan, "sha", 2, Key(RipAlgorithm.HmacSha256, id: 8));
        Add(lan, "long", 3, Key(RipAlgorithm.HmacSha1, id: 9, secret: new string('k', 40)));
        _network.RunFor(6);

        byte[] md5 = listener.Packets.First(packet => packet.Sender == "md5" && packet.Command == 2).Bytes;
        Assert.Equal([0xFF, 0xFF, 0, 3, 0, 44, 7, 16], md5[4..12]);
        Assert.Equal(new byte[8], md5[16..24]);
        Assert.Equal([0xFF, 0xFF, 0, 1], md5[44..48]);
        Assert.Equal(MD5.HashData([.. md5[..48], .. "secret"u8, .. new byte[10]]), md5[48..]);

        byte[] sha = listener.Packets.First(packet => packet.Sender == "sha" && packet.Command == 2).Bytes;
        byte[] pad = [.. Enumerable.Range(0, 8).SelectMany(_ => (byte[])[0x87, 0x8F, 0xE1, 0xF3])];
        Assert.Equal(HMACSHA256.HashData("secret"u8, (byte[])[.. sha[..48], .. pad]), sha[48..]);

        byte[] longer = listener.Packets.First(packet => packet.Sender == "long" && packet.Command == 2).Bytes;
        Assert.Equal(HMACSHA1.HashData(Encoding.ASCII.GetBytes(new string('k', 40)), (byte[])[.. longer[..48], .. pad[..20]]), longer[48..]);
    }

    [Fact]
    [SuppressMessage("Security", "CA5350:Do not use weak cryptographic algorithms", Justification = "RFC 4822 asks for it")]
    public void ALongSecretMayBeHashedFirst()
    {
        string secret = new('k', 40);
        Segment lan = _network.AddSegment();
        Listener listener = new(_network, lan);
        SimulatedRouter one = Add(lan, "r1", 1, Key(RipAlgorithm.HmacSha1, id: 9, secret: secret));
        SimulatedRouter two = Add(lan, "r2", 2, Key(RipAlgorithm.HmacSha1, id: 9, secret: secret));
        Stranger stranger = new(_network, lan, "10.0.0.66/24");
        two.AddStatic("172.16.1.0/24");
        _network.RunFor(10);
        Assert.NotEqual("none", one.Describe("172.16.1.0/24"));
        byte[] packet = [.. listener.Packets.Last(packet => packet.Sender == "r2" && packet.Command == 2).Bytes];
        packet[43] = 16;
        byte[] pad = [.. Enumerable.Range(0, 5).SelectMany(_ => (byte[])[0x87, 0x8F, 0xE1, 0xF3])];
        byte[] signature = HMACSHA1.HashData(SHA1.HashData(Encoding.ASCII.GetBytes(secret)), (byte[])[.. packet[..^20], .. pad]);
        stranger.SayBytes([.. packet[..^20], .. signature], "10.0.0.2");
        Assert.Equal(0, one.Status.Interfaces[0].Counters.Drops(RipDrop.Digest));
        stranger.SayBytes([.. packet[..^20], .. signature[..^1], (byte)~signature[^1]], "10.0.0.2");
        Assert.Equal(1, one.Status.Interfaces[0].Counters.Drops(RipDrop.Digest));
    }

    [Fact]
    public void WhatWasSaidBeforeIsNotTakenAgain()
    {
        Segment lan = _network.AddSegment();
        Listener listener = new(_network, lan);
        SimulatedRouter one = Add(lan, "r1", 1, Key(RipAlgorithm.KeyedMd5));
        SimulatedRouter two = Add(lan, "r2", 2, Key(RipAlgorithm.KeyedMd5));
        Stranger stranger = new(_network, lan, "10.0.0.66/24");
        two.AddStatic("172.16.1.0/24");
        _network.RunFor(10);
        byte[] old = listener.Packets.Last(packet => packet.Sender == "r2").Bytes;
        two.RemoveStatic("172.16.1.0/24");
        _network.RunFor(10);
        Assert.Equal("none", one.Describe("172.16.1.0/24"));
        stranger.SayBytes(old, "10.0.0.2");
        Assert.Equal("none", one.Describe("172.16.1.0/24"));
        Assert.Equal(1, one.Status.Interfaces[0].Counters.Drops(RipDrop.Replay));
        // Neither is what was changed on the way.
        byte[] changed = [.. listener.Packets.Last(packet => packet.Sender == "r2" && packet.Command == 2).Bytes];
        changed[43] = 1;
        stranger.SayBytes(changed, "10.0.0.2");
        Assert.Equal(1, one.Status.Interfaces[0].Counters.Drops(RipDrop.Digest));
        // The same number once more is not less: an update of several packets has but one.
        stranger.SayBytes(listener.Packets.Last(packet => packet.Sender == "r2" && packet.Command == 2).Bytes, "10.0.0.2");
        Assert.Equal(1, one.Status.Interfaces[0].Counters.Drops(RipDrop.Replay));
    }

    [Fact]
    public void KeysFollowEachOtherWithoutAGap()
    {
        DateTimeOffset start = _network.Calendar.GetUtcNow();
        RipKey[] keys =
        [
            Key(RipAlgorithm.KeyedMd5, 1) with { SendUntil = start.AddSeconds(200), AcceptUntil = start.AddSeconds(260) },
            Key(RipAlgorithm.HmacSha256, 2) with { SendFrom = start.AddSeconds(200), AcceptFrom = start.AddSeconds(140), SendUntil = start.AddSeconds(400), AcceptUntil = start.AddSeconds(400) },
        ];
        Segment lan = _network.AddSegment();
        Listener listener = new(_network, lan);
        SimulatedRouter one = Add(lan, "r1", 1, keys);
        SimulatedRouter two = Add(lan, "r2", 2, keys);
        Stranger stranger = new(_network, lan, "10.0.0.66/24");
        two.AddStatic("172.16.1.0/24");
        _network.RunFor(190);
        byte[] early = listener.Packets.Last(packet => packet.Sender == "r2").Bytes;
        Assert.Equal(1, early[10]);
        _network.RunFor(100);
        byte[] late = listener.Packets.Last(packet => packet.Sender == "r2").Bytes;
        Assert.Equal(2, late[10]);
        stranger.SayBytes(early, "10.0.0.2");
        Assert.Equal(1, one.Status.Interfaces[0].Counters.Drops(RipDrop.Key));
        // Past the last key's time it goes on: neither without authentication nor in silence (RFC 4822, 5.3).
        _network.RunFor(600);
        Assert.Equal("2 via 10.0.0.2", one.Describe("172.16.1.0/24"));
        Assert.Equal(2, listener.Packets[^1].Bytes[10]);
    }

    [Fact]
    public void BeforeTheFirstKeysTimeNothingIsSentOrTaken()
    {
        RipKey later = Key(RipAlgorithm.HmacSha512) with { SendFrom = DateTimeOffset.MaxValue, AcceptFrom = DateTimeOffset.MaxValue };
        Segment lan = _network.AddSegment();
        Listener listener = new(_network, lan);
        SimulatedRouter one = Add(lan, "r1", 1, later);
        _network.RunFor(60);
        Assert.Empty(listener.Packets);
        Add(lan, "r2", 2, Key(RipAlgorithm.HmacSha512));
        _network.RunFor(60);
        Assert.NotEqual(0, one.Status.Interfaces[0].Counters.Drops(RipDrop.Key));
        Assert.Empty(one.Status.Neighbors);
    }

    [Fact]
    public void WithKeysARequestMustBeAuthenticToo()
    {
        Segment lan = _network.AddSegment();
        Listener listener = new(_network, lan);
        SimulatedRouter one = Add(lan, "r1", 1, Key(RipAlgorithm.KeyedMd5));
        Stranger stranger = new(_network, lan, "10.0.0.66/24");
        _network.RunFor(10);
        listener.Packets.Clear();
        stranger.Say(1, 2, [Entry("0.0.0.0", 16, family: 0)], "10.0.0.66", port: 4000);
        stranger.Say(1, 1, [Entry("0.0.0.0", 16, family: 0)], "10.0.0.66", port: 4000);
        Assert.DoesNotContain(listener.Packets, packet => packet.Sender == "r1");
        Assert.Equal(2, one.Status.Interfaces[0].Counters.Drops(RipDrop.Authentication) + one.Status.Interfaces[0].Counters.Drops(RipDrop.Version));
    }

    private static RipKey Key(RipAlgorithm algorithm, byte id = 1, string secret = "secret") =>
        new() { Id = id, Algorithm = algorithm, Secret = Encoding.ASCII.GetBytes(secret) };

    private SimulatedRouter Add(Segment lan, string name, int host, params RipKey[] keys)
    {
        SimulatedRouter router = _network.AddRouter(
            name, new RipOptions { Interface = new RipInterfaceOptions { Enabled = true, Keys = keys }, Redistribute = new Redistribution([new RedistributionRule(RouteSource.Static)]) });
        lan.Attach(router, $"10.0.0.{host}/24");
        return router;
    }
}
