namespace Fabric.Wire;

/// <summary>What a RIP packet is for (RFC 2453, 4; RFC 2080, 2.1).</summary>
public enum RipCommand : byte
{
    /// <summary>Asks for all or part of the receiver's table.</summary>
    Request = 1,

    /// <summary>Carries all or part of the sender's table.</summary>
    Response = 2,
}
