using System.Buffers.Binary;
using System.Numerics;
using Fabric.Wire;

namespace Fabric.Link.Bonding;

// Frames that come in.
public sealed unsafe partial class BondPort
{
    // Enough of a frame to tell a slow protocol: up to its subtype.
    private const int SlowHeaderLength = 15;
    private const ulong AddressMask = 0xFFFF_FFFF_FFFF;

    private readonly Frame[] _received = new Frame[IPort.MaxBurst];
    private readonly byte[] _control = GC.AllocateArray<byte>(LacpduView.FrameLength, pinned: true);
    private readonly ulong _slowGroup = SlowProtocol.Group.Bits;
    private IFrameSink _sink = null!;
    private int _turn;

    /// <inheritdoc/>
    public int Receive(IFrameSink sink)
    {
        _sink = sink;
        for (int i = 0; i < _members.Length; i++)
        {
            if (++_turn >= _members.Length)
                _turn = 0;
            int taken = _members[_turn].Port.Receive(_members[_turn]);
            if (taken != 0)
                return taken;
        }

        _ready?.Rest();
        return 0;
    }

    internal void Accept(MemberLink member, ReadOnlySpan<Frame> frames)
    {
        uint slow = member.Lacp is null ? 0 : FindSlow(frames);
        // First what came before: a marker asks whether it has arrived, and a LACPDU may end the collecting.
        if (slow == 0)
            HandOn(member, frames);
        else if (BitOperations.PopCount(slow) != frames.Length)
            HandOn(member, Gather(frames, ~slow, _received));
        for (; slow != 0; slow &= slow - 1)
            TakeSlow(member, frames[BitOperations.TrailingZeroCount(slow)]);
    }

    private static ReadOnlySpan<Frame> Gather(ReadOnlySpan<Frame> frames, uint chosen, Frame[] into)
    {
        int count = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            if ((chosen & (1U << i)) != 0)
                into[count++] = frames[i];
        }

        return into.AsSpan(0, count);
    }

    private void HandOn(MemberLink member, ReadOnlySpan<Frame> frames)
    {
        if (!member.IsCollecting)
        {
            Counters.AddReceiveDrops(DropReason.NotCollecting, frames.Length);
            return;
        }

        long bytes = 0;
        foreach (ref readonly Frame frame in frames)
            bytes += frame.Length;
        Counters.AddReceived(frames.Length, bytes);
        _sink.Accept(this, frames);
    }

    private uint FindSlow(ReadOnlySpan<Frame> frames)
    {
        uint slow = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            ReadOnlySpan<byte> head = frames[i].Head;
            bool mayBe = head.Length < SlowHeaderLength || (BinaryPrimitives.ReadUInt64LittleEndian(head) & AddressMask) == _slowGroup;
            if (mayBe && IsSlow(in frames[i]))
                slow |= 1U << i;
        }

        return slow;
    }

    // LACP or markers; other slow protocols are for whoever stands above (IEEE 802.3, 57A.5).
    private bool IsSlow(in Frame frame)
    {
        Span<byte> header = stackalloc byte[SlowHeaderLength];
        return frame.CopyTo(0, header) == SlowHeaderLength
            && MacAddress.Read(header).Bits == _slowGroup
            && SlowProtocol.TryRead(header, out SlowProtocolSubtype subtype)
            && subtype is SlowProtocolSubtype.Lacp or SlowProtocolSubtype.Marker;
    }

    private void TakeSlow(MemberLink member, in Frame frame)
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            long now = Now();
            Span<byte> bytes = _control.AsSpan(0, frame.CopyTo(0, _control));
            if (LacpduView.TryParse(bytes, out LacpduView lacpdu))
            {
                member.Lacp!.PortEnabled = member.Port.IsUp;
                _aggregation!.Receive(member.Lacp, in lacpdu, now);
                RunMachinesLocked(now);
            }
            else if (SlowProtocol.IsMarkerResponse(bytes))
            {
                member.Lacp!.Counts.UnexpectedResponses++;
            }
            else if (SlowProtocol.TryRespond(bytes, _options.SystemAddress))
            {
                Respond(member, now);
            }
            else
            {
                member.Lacp!.Counts.Malformed++;
            }
        }
    }

    // The marker responder (IEEE 802.1AX-2014, 6.5.4). The marker, made the response, is in _control.
    private void Respond(MemberLink member, long now)
    {
        ref LacpCounts counts = ref member.Lacp!.Counts;
        counts.Markers++;
        if (!member.TryTakeResponse(now))
            return;
        counts.MarkerResponses++;
        SendControl(member);
    }

    private void SendLacpdu(MemberLink member, long now)
    {
        LacpPort lacp = member.Lacp!;
        if (!lacp.TryTakeTransmit(now))
            return;
        LacpduWriter.Write(_control, _options.SystemAddress, lacp.Actor, lacp.Partner, collectorMaxDelay: 0);
        SendControl(member);
    }

    private void SendControl(MemberLink member)
    {
        // SAFETY: the array is pinned and as long as both frames; members copy what they take.
        fixed (byte* bytes = _control)
        {
            member.Port.Transmit([new Frame(bytes, LacpduView.FrameLength)]);
        }
    }
}
