using System.Buffers.Binary;
using System.Numerics;
using Fabric.Link;
using Fabric.Switch.Multicast;
using Fabric.Switch.Vlans;
using Fabric.Wire;

namespace Fabric.Switch;

// Multicast where a snooper listens: it says of each frame to a group of IPv4 or IPv6 which ports get it, and takes in the messages by
// which it knows. Judged are the copies of the headers, so that what was judged is what leaves; a message is copied whole.
public sealed partial class EthernetSwitch
{
    private const int AddressesLength = 2 * MacAddress.Length;

    // Of the present burst: the frames that go to certain ports, those of them that are messages to routers, and the ports.
    private readonly MemberSet[] _members = [.. Enumerable.Range(0, IPort.MaxBurst).Select(_ => new MemberSet())];
    private uint _toMembers;
    private uint _toRouters;
    private IMulticastSnooper? _snooper;

    /// <summary>Lets a snooper say where multicast goes, in place of the one before.</summary>
    /// <param name="create">Makes the snooper with what it may ask of the switch; null for none: multicast is flooded again. Called once,
    /// under the switch's lock.</param>
    /// <returns>The snooper; between two of its events it is to be asked through <see cref="AskProtocol"/>.</returns>
    public T? SetSnooper<T>(Func<IMulticastControl, T>? create)
        where T : class, IMulticastSnooper
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            T? snooper = create?.Invoke(new MulticastControl(this));
            _snooper = snooper;
            RecomputeLocked();
            StartOrStopTimersLocked();
            foreach (SwitchPort? port in _ports)
            {
                if (port is not null)
                    _snooper?.PortAdded(port.Index);
            }

            return snooper;
        }
    }

    // Frames that are to be flooded, and their VLAN is known: whether all ports really get them.
    private void Snoop(ref Burst burst, IMulticastSnooper snooper)
    {
        _toMembers = _toRouters = 0;
        for (uint left = burst.Flooded & burst.Groups & ~burst.Reserved; left != 0; left &= left - 1)
        {
            int i = BitOperations.TrailingZeroCount(left);
            uint bit = left & (0 - left);
            if (!IsIpGroup(_destinations[i]))
                continue;
            SnoopVerdict verdict = snooper.Find(burst.Source.Index, VidOf(i), _headers.Body(i), out ReadOnlySpan<int> ports);
            if (verdict == SnoopVerdict.Message)
                verdict = TakeMessage(burst.Source, i, snooper, out ports);
            if (verdict == SnoopVerdict.Invalid)
                Drop(ref burst, bit, DropReason.BadMembership);
            if (verdict is not (SnoopVerdict.Ports or SnoopVerdict.Routers))
                continue;
            _members[i].Set(ports);
            _toMembers |= bit;
            if (verdict == SnoopVerdict.Routers)
                _toRouters |= bit;
        }
    }

    private SnoopVerdict TakeMessage(SwitchPort source, int i, IMulticastSnooper snooper, out ReadOnlySpan<int> ports)
    {
        ports = default;
        int length = _headers.UntaggedLength(i);
        if (length > MaxControlFrame)
            return SnoopVerdict.Invalid;
        Span<byte> copy = _controlFrame.AsSpan(0, length);
        _headers.Untagged(i, _destinations[i], _sources[i]).CopyTo(0, copy);
        return snooper.Receive(source.Index, VidOf(i), copy[AddressesLength..], out ports);
    }

    // 01-00-5E (RFC 1112, 6.4) or 33-33 (RFC 2464, 7); the first octet lowest.
    private static bool IsIpGroup(ulong address) => (address & 0xFF_FFFF) == 0x5E_0001 || (address & 0xFFFF) == 0x3333;

    // The part of the frames that go to certain ports that does not go to this one.
    private uint NotMember(SwitchPort port)
    {
        uint not = 0;
        for (uint left = _toMembers; left != 0; left &= left - 1)
        {
            if (!_members[BitOperations.TrailingZeroCount(left)].Contains(port.Index))
                not |= left & (0 - left);
        }

        return not;
    }

    // A report has done its work here when no router is there to hear it.
    private void EndUnwanted(ref Burst burst, uint nowhere)
    {
        uint heard = nowhere & _toRouters;
        burst.Flooded &= ~heard;
        burst.Alive &= ~heard;
        Counters.AddConsumed(BitOperations.PopCount(heard));
        Drop(ref burst, nowhere & _toMembers & ~heard, DropReason.NoMember);
    }

    private int VidOf(int i) => (int)(_destinations[i] >> 48);

    private sealed class MulticastControl(EthernetSwitch owner) : IMulticastControl
    {
        private const int LeastLength = 60;
        private readonly byte[] _sending = GC.AllocateArray<byte>(MaxControlFrame + TagLength, pinned: true);

        public void Flood(int vid, ReadOnlySpan<byte> frame)
        {
            foreach (SwitchPort? port in owner._ports)
            {
                if (port is not null)
                    Transmit(port.Index, vid, frame);
            }
        }

        public void Transmit(int port, int vid, ReadOnlySpan<byte> frame)
        {
            if (frame.Length is < HeaderLength or > MaxControlFrame)
                throw new ArgumentException($"a control frame has {HeaderLength} to {MaxControlFrame} bytes, not {frame.Length}", nameof(frame));
            if (owner.PortAt(port) is not { CanSend: true } attached || (owner._vlanAware && !attached.Vlan.Allowed.Contains(vid)))
                return;
            PortVlan vlan = attached.Vlan;
            int tag = owner._vlanAware && vlan.Mode == VlanMode.Trunk && vid != vlan.Vid ? TagLength : 0;
            frame[..AddressesLength].CopyTo(_sending);
            if (tag != 0)
            {
                BinaryPrimitives.WriteUInt16BigEndian(_sending.AsSpan(AddressesLength), (ushort)vlan.TagType);
                BinaryPrimitives.WriteUInt16BigEndian(_sending.AsSpan(AddressesLength + sizeof(ushort)), (ushort)vid);
            }

            Span<byte> body = _sending.AsSpan(AddressesLength + tag);
            frame[AddressesLength..].CopyTo(body);
            if (frame.Length < LeastLength)
                body[(frame.Length - AddressesLength)..(LeastLength - AddressesLength)].Clear();
            owner.SendOwn(attached, _sending, Math.Max(frame.Length, LeastLength) + tag);
        }
    }
}
