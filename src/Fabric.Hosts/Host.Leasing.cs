using Fabric.Hosts.Dhcp;

namespace Fabric.Hosts;

/// <content>The DHCP client as others see it.</content>
public sealed partial class Host
{
    /// <summary>Where the DHCP client stands.</summary>
    public DhcpState DhcpState
    {
        get
        {
            lock (_gate)
            {
                return _stack.Dhcp.State;
            }
        }
    }

    /// <summary>What a DHCP server has given; null without a lease.</summary>
    public DhcpLease? Lease
    {
        get
        {
            lock (_gate)
            {
                return _stack.Dhcp.Lease;
            }
        }
    }

    /// <summary>Waits for a DHCP lease; ends at once when there is one.</summary>
    /// <exception cref="HostException">The host does not use DHCP.</exception>
    /// <exception cref="ObjectDisposedException">The host has stopped, or stops meanwhile.</exception>
    public Task<DhcpLease> WaitForLeaseAsync() => Options.UseDhcp
        ? Inside(stack => stack.Dhcp.WaitAsync())
        : throw new HostException($"host '{Name}' takes no address from DHCP: set 'UseDhcp' in its options");

    /// <summary>Gives the lease back (RFC 2131, 4.4.6) and asks for no other.</summary>
    /// <exception cref="ObjectDisposedException">The host has stopped.</exception>
    public void ReleaseLease() => Inside(stack =>
    {
        stack.Dhcp.Release();
        return true;
    });
}
