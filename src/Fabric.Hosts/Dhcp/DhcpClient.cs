using Fabric.Hosts.Internet;
using Fabric.Hosts.Udp;
using Fabric.Wire;

namespace Fabric.Hosts.Dhcp;

// The DHCP client (RFC 2131, 4.4)
//
//   Off ─start─▶ Selecting ─first offer─▶ Requesting ─ack─▶ Bound ─T1─▶ Renewing ─T2─▶ Rebinding ─lease over─▶ Selecting
//   Requesting, Renewing, Rebinding ─nak─▶ Selecting      Requesting ─no answer─▶ Selecting
//   Renewing, Rebinding ─ack─▶ Bound                       Bound … ─release─▶ Off
//
// Selecting and Requesting repeat after 4, 8, 16, 32, 64 seconds, each a second more or less (4.1); Renewing and Rebinding after half of
// what is left, but a minute at least (4.4.5). Until it is bound the client has no address: it sends from 0.0.0.0 and asks for answers by
// broadcast, which some servers need and all grant (4.1).

/// <summary>Takes an IPv4 address on loan.</summary>
internal sealed class DhcpClient(HostStack stack) : Timed, IUdpListener
{
    private const long FirstTimeout = 4 * Nanoseconds.PerSecond;
    private const long LastTimeout = 64 * Nanoseconds.PerSecond;
    private const long MinRenewalTimeout = 60 * Nanoseconds.PerSecond;
    private const long RestartWait = 10 * Nanoseconds.PerSecond;
    private const int MaxRequests = 4;
    private const int MessageRoom = 548;
    private const int MaxNameLength = 63;
    private readonly List<TaskCompletionSource<DhcpLease>> _waiting = [];
    private DhcpLease? _offer;
    private uint _transaction;
    private long _begun;
    private long _boundAt;
    private long _next = Never;
    private long _timeout;
    private int _requests;

    internal DhcpState State { get; private set; }

    /// <summary>What the client has now; null without a lease.</summary>
    internal DhcpLease? Lease { get; private set; }

    internal void Start()
    {
        stack.Udp.Bind(DhcpView.ClientPort, this);
        Select();
    }

    internal Task<DhcpLease> WaitAsync()
    {
        if (Lease is not null)
            return Task.FromResult(Lease);
        TaskCompletionSource<DhcpLease> waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add(waiter);
        return waiter.Task;
    }

    /// <summary>Gives the address back (RFC 2131, 4.4.6).</summary>
    internal void Release()
    {
        if (Lease is { } lease)
        {
            DhcpWriter writer = Begin(DhcpMessageType.Release, lease.Prefix.Address);
            writer.Add(DhcpOption.ServerIdentifier, lease.Server);
            Send(writer, lease.Prefix.Address, lease.Server);
            DropLease();
        }

        State = DhcpState.Off;
        _next = Never;
    }

    /// <summary>Somebody has the address already: the server is told, and after ten seconds asked again (RFC 2131, 3.1 (5)).</summary>
    internal void Decline()
    {
        if (Lease is not { } lease)
            return;
        DropLease();
        DhcpWriter writer = Begin(DhcpMessageType.Decline, IpAddress.AnyV4);
        writer.Add(DhcpOption.RequestedAddress, lease.Prefix.Address);
        writer.Add(DhcpOption.ServerIdentifier, lease.Server);
        Send(writer, IpAddress.AnyV4, IpAddress.BroadcastV4);
        WaitAndSelect();
    }

    internal void Stop()
    {
        Release();
        foreach (TaskCompletionSource<DhcpLease> waiter in _waiting)
            waiter.TrySetException(new ObjectDisposedException(nameof(Host), $"host '{stack.Options.Name}' stopped without a DHCP lease"));
        _waiting.Clear();
    }

    public void Accept(in Packet packet, ushort sourcePort, ReadOnlySpan<byte> payload)
    {
        if (!DhcpView.TryParse(payload, out DhcpView message))
            stack.Drop(HostDrop.Malformed);
        else if (sourcePort != DhcpView.ServerPort || message.IsRequest || message.TransactionId != _transaction || message.ClientMac != stack.Options.Mac)
            stack.Drop(HostDrop.StrayAnswer);
        else if (!TryAccept(in message))
            stack.Drop(HostDrop.StrayAnswer);
    }

    protected override void Tick()
    {
        if (_next <= stack.Now)
            Advance();
        Schedule(_next);
    }

    private bool TryAccept(in DhcpView message)
    {
        switch (message.MessageType)
        {
            case DhcpMessageType.Offer when State == DhcpState.Selecting && LeaseReader.TryRead(in message, out _offer):
                State = DhcpState.Requesting;
                _requests = 0;
                _timeout = FirstTimeout;
                Request();
                return true;
            case DhcpMessageType.Acknowledge when State is DhcpState.Requesting or DhcpState.Renewing or DhcpState.Rebinding
                && LeaseReader.TryRead(in message, out DhcpLease? lease):
                Bind(lease!);
                return true;
            case DhcpMessageType.NegativeAcknowledge when State is DhcpState.Requesting:
                WaitAndSelect();
                return true;
            case DhcpMessageType.NegativeAcknowledge when State is DhcpState.Renewing or DhcpState.Rebinding:
                DropLease();
                Select();
                return true;
            default:
                return false;
        }
    }

    private void Advance()
    {
        switch (State)
        {
            case DhcpState.Selecting:
                Discover();
                break;
            case DhcpState.Requesting when _requests >= MaxRequests:
                Select();
                break;
            case DhcpState.Requesting:
                Request();
                break;
            case DhcpState.Bound or DhcpState.Renewing or DhcpState.Rebinding:
                Extend();
                break;
        }
    }

    /// <summary>A server that contradicts itself must not be asked in a loop.</summary>
    private void WaitAndSelect()
    {
        State = DhcpState.Selecting;
        _transaction++;
        _next = stack.Now + RestartWait;
        Schedule(_next);
    }

    private void Select()
    {
        State = DhcpState.Selecting;
        _transaction = (uint)stack.Random.NextInt64(uint.MaxValue);
        _begun = stack.Now;
        _timeout = FirstTimeout;
        Discover();
    }

    private void Discover()
    {
        DhcpWriter writer = Begin(DhcpMessageType.Discover, IpAddress.AnyV4);
        AddWishes(ref writer);
        Send(writer, IpAddress.AnyV4, IpAddress.BroadcastV4);
        Repeat();
    }

    private void Request()
    {
        _requests++;
        DhcpWriter writer = Begin(DhcpMessageType.Request, IpAddress.AnyV4);
        writer.Add(DhcpOption.RequestedAddress, _offer!.Prefix.Address);
        writer.Add(DhcpOption.ServerIdentifier, _offer.Server);
        AddWishes(ref writer);
        Send(writer, IpAddress.AnyV4, IpAddress.BroadcastV4);
        Repeat();
    }

    /// <summary>RFC 2131, 4.4.5: with its address in the header, to the server and from T2 on to all; then it is over.</summary>
    private void Extend()
    {
        DhcpLease lease = Lease!;
        long now = stack.Now;
        if (now >= After(lease.Duration))
        {
            DropLease();
            Select();
            return;
        }

        if (State == DhcpState.Bound)
            _transaction = (uint)stack.Random.NextInt64(uint.MaxValue);
        bool rebinds = now >= After(lease.Rebinding);
        State = rebinds ? DhcpState.Rebinding : DhcpState.Renewing;
        DhcpWriter writer = Begin(DhcpMessageType.Request, lease.Prefix.Address);
        AddWishes(ref writer);
        Send(writer, lease.Prefix.Address, rebinds ? IpAddress.BroadcastV4 : lease.Server);
        long until = After(rebinds ? lease.Duration : lease.Rebinding);
        _next = Math.Min(until, now + Math.Max(MinRenewalTimeout, (until - now) / 2));
        Schedule(_next);
    }

    private void Bind(DhcpLease lease)
    {
        if (Lease is { } old && old.Prefix != lease.Prefix)
            DropLease();
        State = DhcpState.Bound;
        Lease = lease;
        _boundAt = stack.Now;
        _next = After(lease.Renewal);
        Schedule(_next);
        stack.Configuration.Take(new HostAddress(lease.Prefix, AddressOrigin.Dhcp, AddressState.Assigned));
        stack.Addresses.SetGateway(lease.Router);
        if (lease.Mtu is { } mtu)
            stack.Output.LowerMtu(mtu);
        foreach (TaskCompletionSource<DhcpLease> waiter in _waiting)
            waiter.TrySetResult(lease);
        _waiting.Clear();
    }

    private void DropLease()
    {
        if (Lease is not { } lease)
            return;
        stack.Addresses.Remove(lease.Prefix.Address);
        stack.Addresses.SetGateway(null);
        Lease = null;
    }

    private long After(TimeSpan span) => span == TimeSpan.MaxValue ? Never : _boundAt + Nanoseconds.From(span);

    private void Repeat()
    {
        _next = stack.Now + _timeout + (long)(((stack.Random.NextDouble() * 2) - 1) * Nanoseconds.PerSecond);
        _timeout = Math.Min(LastTimeout, 2 * _timeout);
        Schedule(_next);
    }

    private DhcpWriter Begin(DhcpMessageType type, IpAddress client)
    {
        ushort seconds = (ushort)Math.Min(ushort.MaxValue, (stack.Now - _begun) / Nanoseconds.PerSecond);
        Span<byte> room = PacketOutput.Transport.Slice(UdpView.HeaderLength, MessageRoom);
        DhcpWriter writer = new(room, isRequest: true, type, _transaction, seconds, stack.Options.Mac);
        writer.SetClientAddress(client);
        if (client.IsUnspecified)
            writer.SetBroadcast();
        return writer;
    }

    private void AddWishes(ref DhcpWriter writer)
    {
        writer.Add(DhcpOption.ParameterRequestList,
        [
            (byte)DhcpOption.SubnetMask, (byte)DhcpOption.Router, (byte)DhcpOption.DomainNameServer, (byte)DhcpOption.DomainName, (byte)DhcpOption.InterfaceMtu,
            (byte)DhcpOption.LeaseTime, (byte)DhcpOption.ServerIdentifier, (byte)DhcpOption.RenewalTime, (byte)DhcpOption.RebindingTime,
        ]);
        Span<byte> name = stackalloc byte[MaxNameLength];
        int length = System.Text.Encoding.ASCII.GetBytes(stack.Options.Name.AsSpan(0, Math.Min(MaxNameLength, stack.Options.Name.Length)), name);
        writer.Add(DhcpOption.HostName, name[..length]);
    }

    private void Send(DhcpWriter writer, IpAddress source, IpAddress destination) =>
        stack.Udp.Send(source, DhcpView.ClientPort, destination, DhcpView.ServerPort, writer.Finish());
}
