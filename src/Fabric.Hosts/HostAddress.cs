using Fabric.Wire;

namespace Fabric.Hosts;

/// <summary>An address that a host has.</summary>
/// <param name="Prefix">Address and network.</param>
/// <param name="Origin">Where the host has it from.</param>
/// <param name="State">Whether it can be used.</param>
public sealed record HostAddress(IpPrefix Prefix, AddressOrigin Origin, AddressState State)
{
    /// <summary>The address alone.</summary>
    public IpAddress Address => Prefix.Address;

    /// <summary>When it may no longer be used, in nanoseconds of the host's clock; none for ever.</summary>
    internal long ValidUntil { get; init; } = Timed.Never;

    /// <summary>When it should no longer be chosen as a source.</summary>
    internal long PreferredUntil { get; init; } = Timed.Never;
}
