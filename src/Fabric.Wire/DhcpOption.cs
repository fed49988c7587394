namespace Fabric.Wire;

/// <summary>Number of a DHCP option (RFC 2132).</summary>
public enum DhcpOption : byte
{
    /// <summary>Filler without length.</summary>
    Pad = 0,

    /// <summary>1: the network's mask (3.3).</summary>
    SubnetMask = 1,

    /// <summary>3: routers in order of preference (3.5).</summary>
    Router = 3,

    /// <summary>6: name servers in order of preference (3.8).</summary>
    DomainNameServer = 6,

    /// <summary>12: the client's name (3.14).</summary>
    HostName = 12,

    /// <summary>15: the client's domain (3.17).</summary>
    DomainName = 15,

    /// <summary>26: MTU of the interface (5.1).</summary>
    InterfaceMtu = 26,

    /// <summary>28: the network's broadcast address (5.3).</summary>
    BroadcastAddress = 28,

    /// <summary>50: address that the client asks for (9.1).</summary>
    RequestedAddress = 50,

    /// <summary>51: seconds of the lease (9.2).</summary>
    LeaseTime = 51,

    /// <summary>52: options go on in the file and server name fields (9.3).</summary>
    Overload = 52,

    /// <summary>53: what the message is (9.6).</summary>
    MessageType = 53,

    /// <summary>54: address that names the server (9.7).</summary>
    ServerIdentifier = 54,

    /// <summary>55: options that the client wants (9.8).</summary>
    ParameterRequestList = 55,

    /// <summary>56: why a server refuses or a client declines, for people (9.9).</summary>
    Message = 56,

    /// <summary>57: longest message that the client takes (9.10).</summary>
    MaximumMessageSize = 57,

    /// <summary>58: T1, seconds until renewal (9.11).</summary>
    RenewalTime = 58,

    /// <summary>59: T2, seconds until rebinding (9.12).</summary>
    RebindingTime = 59,

    /// <summary>61: name of the client (9.14).</summary>
    ClientIdentifier = 61,

    /// <summary>82: what a relay agent knows of the client; comes back to it as it was (RFC 3046).</summary>
    RelayAgentInformation = 82,

    /// <summary>121: networks and their gateways, in place of option 3 (RFC 3442).</summary>
    ClasslessStaticRoute = 121,

    /// <summary>255: the options end.</summary>
    End = 255,
}
