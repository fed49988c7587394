using System.Buffers.Binary;
using System.Numerics;
using Fabric.Link;
using Fabric.Link.Stations;
using Fabric.Switch.Acl;
using Fabric.Switch.Vlans;
using Fabric.Wire;

namespace Fabric.Switch;

// Looking behind the addresses: VLANs and access lists, on copies of the headers (HeaderCopies says why).
//
// In a switch where a port has VLANs, each frame belongs to exactly one (IEEE 802.1Q, 6.9): that of the tag the port looks for, or, without
// one, the port's own. A tag is taken off on the way in and put on, where the port out wants one, on the way out; priority and drop
// eligibility travel along. An access port takes no frame that has another tag behind its own: such a tag would come to light
// on an untagged port elsewhere and bring the frame into a VLAN its sender has no part in. For the same reason a frame with an inner tag leaves
// a trunk's native VLAN tagged.
public sealed partial class EthernetSwitch
{
    private const int TagLength = 4;
    private const int VidMask = 0xFFF;
    private const int PriorityMask = 0xF000;
    private readonly HeaderCopies _headers = new();
    private readonly Frame[] _stable = new Frame[IPort.MaxBurst];
    private readonly PacketFields[] _fields = new PacketFields[IPort.MaxBurst];
    private readonly ushort[] _tags = new ushort[IPort.MaxBurst];

    // The VLANs of the present burst, each with its frames.
    private readonly int[] _burstVids = new int[IPort.MaxBurst];
    private readonly uint[] _burstVlans = new uint[IPort.MaxBurst];
    private readonly Dictionary<int, VlanOptions> _vlanOptions = [];
    private int _burstVlanCount;
    private uint _innerTagged;
    private uint _parsed;

    // Some port has VLANs; some port or VLAN has an access list; so headers are looked at.
    private bool _vlanAware;
    private bool _filtered;
    private bool _inspecting;

    /// <summary>Says what holds for a VLAN on all ports.</summary>
    /// <param name="vid">The VLAN, 1 … 4094.</param>
    /// <param name="options">What holds; null for nothing.</param>
    /// <exception cref="SwitchException">There is no such VLAN.</exception>
    public void ConfigureVlan(int vid, VlanOptions? options)
    {
        VlanSet.Checked(vid);
        lock (_gate)
        {
            if (options is null)
                _vlanOptions.Remove(vid);
            else
                _vlanOptions[vid] = options;
            RecomputeLocked();
        }
    }

    private void Inspect(ref Burst burst)
    {
        _headers.Begin();
        _burstVlanCount = 0;
        _innerTagged = _parsed = 0;
        for (uint left = burst.Alive; left != 0; left &= left - 1)
        {
            int i = BitOperations.TrailingZeroCount(left);
            if (!_headers.TryCopy(i, in burst.Frames[i]))
                Drop(ref burst, 1U << i, DropReason.BadDescriptor);
        }

        if (_vlanAware)
            FindVlans(ref burst);
        if (_filtered)
            FilterIngress(ref burst);
        if (_vlanAware)
            return;
        for (uint left = burst.Alive; left != 0; left &= left - 1)
        {
            int i = BitOperations.TrailingZeroCount(left);
            _stable[i] = _headers.Untagged(i, _destinations[i], _sources[i]);
        }
    }

    private void FindVlans(ref Burst burst)
    {
        PortVlan vlan = burst.Source.Vlan;
        for (uint left = burst.Alive; left != 0; left &= left - 1)
        {
            int i = BitOperations.TrailingZeroCount(left);
            if (!TryFindVlan(vlan, i, in burst.Frames[i], out int vid, out DropReason reason))
            {
                Drop(ref burst, 1U << i, reason);
                continue;
            }

            _destinations[i] = StationTable.Key(vid, _destinations[i]);
            _sources[i] = StationTable.Key(vid, _sources[i]);
            _table.Prefetch(_destinations[i]);
            _table.Prefetch(_sources[i]);
            AddToVlan(vid, 1U << i);
        }

        if (_mirrors.Length != 0)
            MirrorVlans(in burst);
    }

    private bool TryFindVlan(PortVlan vlan, int i, in Frame frame, out int vid, out DropReason reason)
    {
        ReadOnlySpan<byte> body = _headers.Body(i);
        EtherType type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(body);
        int control = 0;
        vid = vlan.Vid;
        reason = DropReason.VlanFiltered;
        bool tagged = vlan.Mode != VlanMode.Tunnel && type == vlan.TagType;
        if (tagged)
        {
            if (body.Length < TagLength + sizeof(ushort))
            {
                reason = DropReason.Truncated;
                return false;
            }

            control = BinaryPrimitives.ReadUInt16BigEndian(body[sizeof(ushort)..]);
            // A tag with VLAN 0 says only the priority (IEEE 802.1Q, table 9-2).
            if ((control & VidMask) != 0)
                vid = control & VidMask;
            type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(body[TagLength..]);
            _headers.TakeTag(i);
        }

        _tags[i] = (ushort)((control & PriorityMask) | vid);
        bool innerTag = type is EtherType.CustomerVlan or EtherType.ServiceVlan;
        if (innerTag)
            _innerTagged |= 1U << i;
        if (!vlan.Allowed.Contains(vid) || (innerTag && vlan.Mode == VlanMode.Access))
            return false;
        reason = DropReason.Oversized;
        if (_headers.UntaggedLength(i) > Frame.MaxLength - TagLength)
            return false;
        reason = DropReason.BadOffload;
        FrameOffload offload = frame.Offload;
        // Room to move where the checksum begins, out of the tag and behind another.
        return (offload.Flags & OffloadFlags.NeedsChecksum) == 0
            || (offload.ChecksumStart >= HeaderLength + (tagged ? TagLength : 0) && offload.ChecksumStart <= ushort.MaxValue - TagLength);
    }

    private void AddToVlan(int vid, uint frames)
    {
        for (int n = 0; n < _burstVlanCount; n++)
        {
            if (_burstVids[n] == vid)
            {
                _burstVlans[n] |= frames;
                return;
            }
        }

        _burstVids[_burstVlanCount] = vid;
        _burstVlans[_burstVlanCount++] = frames;
    }

    // The frames of the present burst that are in some VLANs.
    private uint VlanMask(VlanSet vlans)
    {
        uint mask = 0;
        for (int n = 0; n < _burstVlanCount; n++)
        {
            if (vlans.Contains(_burstVids[n]))
                mask |= _burstVlans[n];
        }

        return mask;
    }

    private void FilterIngress(ref Burst burst)
    {
        uint mirrored = 0;
        uint denied = 0;
        if (burst.Source.Options.IngressAcl is { } list)
            denied = Judge(list, burst.Alive, ref mirrored);
        for (int n = 0; n < _burstVlanCount && _vlanOptions.Count != 0; n++)
        {
            if (_vlanOptions.TryGetValue(_burstVids[n], out VlanOptions? options) && options.IngressAcl is { } vlanList)
                denied |= Judge(vlanList, burst.Alive & _burstVlans[n] & ~denied, ref mirrored);
        }

        if (mirrored != 0)
            MirrorRules(in burst, mirrored);
        Drop(ref burst, denied, DropReason.AclDenied);
    }

    // The lists of the ports that frames are to leave by, and of their VLANs.
    private void FilterEgress(ref Burst burst)
    {
        uint lost = 0;
        uint mirrored = 0;
        foreach (SwitchPort port in _leavingPorts.AsSpan(0, _leavingCount))
        {
            uint denied = 0;
            for (int n = 0; n < _burstVlanCount && _vlanOptions.Count != 0; n++)
            {
                if (_vlanOptions.TryGetValue(_burstVids[n], out VlanOptions? options) && options.EgressAcl is { } vlanList)
                    denied |= Judge(vlanList, port.Leaving & _burstVlans[n], ref mirrored);
            }

            if (port.Options.EgressAcl is { } list)
                denied |= Judge(list, port.Leaving & ~denied, ref mirrored);
            port.Lost = denied;
            lost |= denied;
        }

        if (mirrored != 0)
            MirrorRules(in burst, mirrored);
        if (lost != 0)
            SettleLost(ref burst, lost, DropReason.AclDenied);
    }

    private uint Judge(AccessList list, uint frames, ref uint mirrored)
    {
        uint denied = 0;
        for (; frames != 0; frames &= frames - 1)
        {
            int i = BitOperations.TrailingZeroCount(frames);
            bool mirrors = false;
            if (!list.Permits(in Fields(i), ref mirrors))
                denied |= 1U << i;
            if (mirrors)
                mirrored |= 1U << i;
        }

        return denied;
    }

    private ref PacketFields Fields(int i)
    {
        ref PacketFields fields = ref _fields[i];
        if ((_parsed >> i & 1) != 0)
            return ref fields;
        _parsed |= 1U << i;
        fields.Read(_headers.Body(i), _vlanAware ? _tags[i] & VidMask : -1);
        fields.Destination = _destinations[i] & AddressMask;
        fields.Source = _sources[i] & AddressMask;
        return ref fields;
    }

    // Gives frames the tags that a port wants.
    private ReadOnlySpan<Frame> GatherTagged(PortVlan vlan, uint chosen)
    {
        int count = 0;
        for (; chosen != 0; chosen &= chosen - 1)
        {
            int i = BitOperations.TrailingZeroCount(chosen);
            int vid = _tags[i] & VidMask;
            bool tagged = vlan.Mode == VlanMode.Trunk && (vid != vlan.Vid || (_innerTagged >> i & 1) != 0);
            _gathered[count++] = tagged
                ? _headers.Tagged(i, _destinations[i], _sources[i], vlan.TagType, _tags[i])
                : _headers.Untagged(i, _destinations[i], _sources[i]);
        }

        return _gathered.AsSpan(0, count);
    }
}
