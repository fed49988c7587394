using System.Buffers.Binary;
using System.Numerics;
using Fabric.Link;
using Fabric.Switch.Acl;
using Fabric.Switch.Multicast;
using Fabric.Switch.Vlans;
using Fabric.Wire;

namespace Fabric.Switch;

// Multicast where a snooper listens: frames of a group that it spoke of go to the group's members and to routers; membership messages
// go where it says; everything else is flooded as ever.
public sealed partial class EthernetSwitch
{
    /// <summary>Most groups, over all VLANs, whose members a snooper may name.</summary>
    public const int MaxGroups = 16384;

    private static readonly MemberSet Nobody = new();
    private readonly Dictionary<ulong, MemberSet> _groups = [];
    private readonly Dictionary<int, MemberSet> _routers = [];

    // Of the present burst: which frames go to members only, and who those are.
    private readonly MemberSet[] _members = new MemberSet[IPort.MaxBurst];
    private readonly MemberSet[] _memberRouters = new MemberSet[IPort.MaxBurst];
    private uint _toMembers;
    private uint _toAll;
    private IMulticastSnooper? _snooper;

    /// <summary>Lets a snooper say where multicast goes, in place of the one before.</summary>
    /// <param name="create">Makes the snooper with what it may ask of the switch; null for none: multicast is flooded again. Called once,
    /// under the switch's lock.</param>
    /// <returns>The snooper.</returns>
    public IMulticastSnooper? SetSnooper(Func<IMulticastControl, IMulticastSnooper>? create)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _groups.Clear();
            _routers.Clear();
            _snooper = create?.Invoke(new MulticastControl(this));
            RecomputeLocked();
            StartOrStopTimersLocked();
            foreach (SwitchPort? port in _ports)
            {
                if (port is not null)
                    _snooper?.PortAdded(port.Index);
            }

            return _snooper;
        }
    }

    // Membership messages among the frames whose VLAN is known.
    private void Snoop(ref Burst burst, IMulticastSnooper snooper)
    {
        _toMembers = _toAll = 0;
        for (uint left = burst.Alive & burst.Groups; left != 0; left &= left - 1)
        {
            int i = BitOperations.TrailingZeroCount(left);
            uint bit = 1U << i;
            if (!IsMembershipMessage(in Fields(i)) || _headers.UntaggedLength(i) > MaxControlFrame)
                continue;
            Span<byte> copy = _controlFrame.AsSpan(0, _headers.UntaggedLength(i));
            _headers.Untagged(i, _destinations[i], _sources[i]).CopyTo(0, copy);
            switch (snooper.Receive(burst.Source.Index, VidOf(i), copy))
            {
                case SnoopVerdict.Flood:
                    _toAll |= bit;
                    break;
                case SnoopVerdict.ToRouters:
                    _members[i] = Nobody;
                    _toMembers |= bit;
                    break;
                default:
                    burst.Alive &= ~bit;
                    Counters.AddConsumed(1);
                    break;
            }
        }
    }

    // RFC 4541, 2.1.1 and 3: IGMP by the IP protocol, MLD by the ICMPv6 type.
    private static bool IsMembershipMessage(in PacketFields packet)
    {
        const byte Igmp = 2;
        if (packet.ProtocolState != FieldState.Seen)
            return false;
        return packet.Version == 4
            ? packet.Protocol == Igmp
            : packet.Protocol == (byte)IpProtocol.IcmpV6 && packet.Transport == FieldState.Seen && packet.IcmpType is 130 or 131 or 132 or 143;
    }

    // Who gets the flooded frames of the present burst.
    private void FindMembers(in Burst burst)
    {
        _toMembers &= burst.Flooded;
        for (uint left = burst.Flooded & burst.Groups & ~_toAll & ~burst.Reserved; left != 0; left &= left - 1)
        {
            int i = BitOperations.TrailingZeroCount(left);
            uint bit = 1U << i;
            if ((_toMembers & bit) == 0 && _groups.TryGetValue(_destinations[i], out MemberSet? members))
            {
                _members[i] = members;
                _toMembers |= bit;
            }

            if ((_toMembers & bit) != 0)
                _memberRouters[i] = _routers.GetValueOrDefault(VidOf(i), Nobody);
        }
    }

    // The part of some frames that go to members only that does not go to a port.
    private uint NotMember(SwitchPort port)
    {
        uint not = 0;
        for (uint left = _toMembers; left != 0; left &= left - 1)
        {
            int i = BitOperations.TrailingZeroCount(left);
            if (!_members[i].Contains(port.Index) && !_memberRouters[i].Contains(port.Index))
                not |= left & (0 - left);
        }

        return not;
    }

    private int VidOf(int i) => (int)(_destinations[i] >> 48);

    private void RemoveFromGroups(SwitchPort port)
    {
        foreach (MemberSet members in _groups.Values)
            members.Remove(port.Index);
        foreach (MemberSet routers in _routers.Values)
            routers.Remove(port.Index);
        _snooper?.PortRemoved(port.Index);
    }

    private sealed class MulticastControl(EthernetSwitch owner) : IMulticastControl
    {
        private readonly byte[] _sending = GC.AllocateArray<byte>(MaxControlFrame + TagLength, pinned: true);

        public bool TrySetMembers(int vid, MacAddress group, ReadOnlySpan<int> ports)
        {
            ulong key = ForwardingTable.Key(vid, group.Bits);
            if (!owner._groups.TryGetValue(key, out MemberSet? members))
            {
                if (owner._groups.Count == MaxGroups)
                    return false;
                owner._groups.Add(key, members = new MemberSet());
            }

            members.Set(ports);
            return true;
        }

        public void RemoveGroup(int vid, MacAddress group) => owner._groups.Remove(ForwardingTable.Key(vid, group.Bits));

        public void SetRouters(int vid, ReadOnlySpan<int> ports)
        {
            if (!owner._routers.TryGetValue(vid, out MemberSet? routers))
                owner._routers.Add(vid, routers = new MemberSet());
            routers.Set(ports);
        }

        public void Transmit(int port, int vid, ReadOnlySpan<byte> frame)
        {
            if (frame.Length is < HeaderLength or > MaxControlFrame)
                throw new ArgumentException($"a control frame has {HeaderLength} to {MaxControlFrame} bytes, not {frame.Length}", nameof(frame));
            if (owner.PortAt(port) is not { CanSend: true } attached || (owner._vlanAware && !attached.Vlan.Allowed.Contains(vid)))
                return;
            PortVlan vlan = attached.Vlan;
            int tag = owner._vlanAware && vlan.Mode == VlanMode.Trunk && vid != vlan.Vid ? TagLength : 0;
            frame[..(2 * MacAddress.Length)].CopyTo(_sending);
            if (tag != 0)
            {
                BinaryPrimitives.WriteUInt16BigEndian(_sending.AsSpan(12), (ushort)vlan.TagType);
                BinaryPrimitives.WriteUInt16BigEndian(_sending.AsSpan(14), (ushort)vid);
            }

            frame[(2 * MacAddress.Length)..].CopyTo(_sending.AsSpan((2 * MacAddress.Length) + tag));
            owner.SendOwn(attached, _sending, frame.Length + tag);
        }
    }
}
