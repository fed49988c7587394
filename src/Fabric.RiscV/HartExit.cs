namespace Fabric.RiscV;

/// <summary>Why <see cref="Hart.Run"/> returned.</summary>
public enum HartExit
{
    /// <summary><see cref="Hart.RequestStop"/> was called; the next <see cref="Hart.Run"/> continues where this one ended.</summary>
    StopRequested,

    /// <summary>The guest cannot go on; <see cref="Hart.FailureReason"/> says why. Only a reset helps.</summary>
    Failed,
}
